// A picture with its overlay, in the grid or large.

class PictureView {
  /**
   * entry      the facts of a picture, with `readPixels` to get at its images
   * frame      an element with two <img>, the second for the picture without light, and exactly over them a <canvas>
   * options    isWanted(object), labelSize in CSS pixels, onTampered() for a browser that changes canvas pixels
   */
  constructor(entry, frame, options) {
    this.entry = entry;
    this.frame = frame;
    this.image = frame.querySelector("img");
    this.unlitImage = frame.querySelector("img.unlit");
    this.canvas = frame.querySelector("canvas");
    this.options = options;
    this.isBare = false; // nothing drawn over it but the objects highlighted
    this.highlighted = null; // the indices of the objects pointed at or meant; null if there is nothing to tell apart
    this.pinned = null; // those that are highlighted while `highlighted` is null
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
    if (this.entry.isLit) this.unlitImage.src = `data:image/jpeg;base64,${pixels.unlitJpeg}`;
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
    this.highlighted = null;
    this.image.removeAttribute("src");
    this.unlitImage.removeAttribute("src");
    this.canvas.width = this.canvas.height = 0;
    delete this.frame.dataset.state;
  }

  get isLoaded() {
    return this.frame.dataset.state === "drawn" && this.loading !== null;
  }

  draw() {
    const { entry, outlines, isBare } = this;
    const highlighted = this.highlighted ?? (isBare ? null : this.pinned);
    const { isWanted, labelSize } = this.options;
    drawOverlay(this.canvas, { entry, outlines, highlighted, isWanted, labelSize, shown: isBare ? {} : shown });
  }

  redrawIfLoaded() {
    if (this.isLoaded) this.draw();
  }

  /** Highlights the objects of these indices, against all else of the picture; with null, those that are pinned. */
  highlight(indices) {
    if (String(indices) === String(this.highlighted)) return;
    this.highlighted = indices;
    this.redrawIfLoaded();
  }

  /** Highlights the objects of these indices whenever no others are. */
  pin(indices) {
    if (indices === this.pinned) return;
    this.pinned = indices;
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

  /** Highlights objects under the pointer and shows their card; `onHighlighted(index)` is told, too. */
  followPointer(card, onHighlighted = () => {}) {
    const point = (event) => {
      const isOnPicture = !event.target.closest("input"); // and not on a control above it
      const index = isOnPicture ? this.objectAt(event.clientX, event.clientY) : -1;
      this.highlight(index >= 0 ? [index] : null);
      if (index >= 0) card.showAt(this.entry.objects[index], event.clientX, event.clientY);
      else card.hide();
      onHighlighted(index);
    };
    const leave = () => {
      this.highlight(null);
      card.hide();
      onHighlighted(-1);
    };
    const listening = new AbortController();
    const { signal } = listening;
    this.frame.addEventListener("pointermove", point, { signal });
    this.frame.addEventListener("pointerdown", point, { signal });
    this.frame.addEventListener("pointerleave", leave, { signal });
    return () => listening.abort();
  }
}
