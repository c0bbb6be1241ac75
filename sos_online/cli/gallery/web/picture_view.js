// A picture with its overlay, in the grid or large.

class PictureView {
  /**
   * entry      the facts of a picture, with `readPixels` to get at its images
   * frame      an element with an <img> and, exactly over it, a <canvas>
   * options    isWanted(object), labelSize in CSS pixels, onTampered() for a browser that changes canvas pixels
   */
  constructor(entry, frame, options) {
    this.entry = entry;
    this.frame = frame;
    this.image = frame.querySelector("img");
    this.canvas = frame.querySelector("canvas");
    this.options = options;
    this.lit = -1;
    this.ids = null;
    this.outlines = null;
    this.loading = null; // a token: a load that is no longer the latest must not draw
  }

  async load() {
    if (this.loading) return;
    const token = (this.loading = {});
    const { width, height, objects } = this.entry;
    const pixels = this.entry.readPixels();
    this.image.src = `data:image/jpeg;base64,${pixels.jpeg}`;
    const ids = await decodeInstanceMap(pixels.instanceMapPng, width, height);
    if (this.loading !== token) return;
    if (idsAreExact(ids, pixels.idSum)) {
      this.ids = ids;
      this.outlines = traceOutlines(ids, width, height, objects.length);
    } else {
      this.options.onTampered();
    }
    this.draw();
    this.frame.dataset.state = "drawn";
  }

  /** Gives back the memory of the picture; `load` brings it back. */
  release() {
    this.loading = this.ids = this.outlines = null;
    this.lit = -1;
    this.image.removeAttribute("src");
    this.canvas.width = this.canvas.height = 0;
    delete this.frame.dataset.state;
  }

  get isLoaded() {
    return this.frame.dataset.state === "drawn" && this.loading !== null;
  }

  draw() {
    const { entry, outlines, lit } = this;
    const { isWanted, labelSize } = this.options;
    drawOverlay(this.canvas, { entry, outlines, lit, isWanted, labelSize, shown });
  }

  redrawIfLoaded() {
    if (this.isLoaded) this.draw();
  }

  /** Lights up one object, or none with -1. */
  light(index) {
    if (index === this.lit) return;
    this.lit = index;
    this.redrawIfLoaded();
  }

  /** The index of the object under a point of the window, or -1. */
  objectAt(clientX, clientY) {
    if (!this.ids) return -1;
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const x = Math.floor(((clientX - left) / width) * this.entry.width);
    const y = Math.floor(((clientY - top) / height) * this.entry.height);
    const isOnPicture = x >= 0 && y >= 0 && x < this.entry.width && y < this.entry.height;
    return isOnPicture ? this.ids[y * this.entry.width + x] - 1 : -1;
  }

  /** Where an object is in the window; where it would be, if nothing of it is visible. */
  placeOf(object) {
    const picture = this.canvas.getBoundingClientRect();
    const scale = picture.width / this.entry.width;
    const [left, top, right, bottom] = object.area > 0 ? object.box : object.amodalBox;
    return {
      left: picture.left + left * scale,
      top: picture.top + top * scale,
      right: picture.left + right * scale,
      bottom: picture.top + bottom * scale,
    };
  }

  /** Lights up objects under the pointer and shows their card; `onLit(index)` is told, too. */
  followPointer(card, onLit = () => {}) {
    const point = (event) => {
      const index = this.objectAt(event.clientX, event.clientY);
      this.light(index);
      if (index >= 0) card.showAt(this.entry.objects[index], event.clientX, event.clientY);
      else card.hide();
      onLit(index);
    };
    const leave = () => {
      this.light(-1);
      card.hide();
      onLit(-1);
    };
    const listening = new AbortController();
    const { signal } = listening;
    this.frame.addEventListener("pointermove", point, { signal });
    this.frame.addEventListener("pointerdown", point, { signal });
    this.frame.addEventListener("pointerleave", leave, { signal });
    return () => listening.abort();
  }
}
