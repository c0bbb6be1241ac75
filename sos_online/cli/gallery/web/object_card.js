// The card that says what is known about one object. Words of a library are data: they are only ever set as text.

const DISTANCE = 18; // CSS pixels between the card and what it belongs to
const MARGIN = 8; // and between the card and the edge of the window

class ObjectCard {
  constructor(element) {
    this.element = element;
    this.object = null;
  }

  /** Shows the card beside a point of the window; `keepClear` is a part of the window that it must not cover. */
  showAt(object, clientX, clientY, keepClear = null) {
    // An open dialog lies above all else on the page, so the card has to be inside it.
    const host = document.querySelector("dialog[open]") ?? document.body;
    if (this.element.parentElement !== host) host.append(this.element);
    if (this.object !== object) {
      this.object = object;
      this.fill(object);
    }
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const fitsRight = clientX + DISTANCE + width <= innerWidth - 8;
    const x = Math.max(fitsRight ? clientX + DISTANCE : clientX - DISTANCE - width, MARGIN);
    const lowest = innerHeight - height - MARGIN;
    let y = Math.min(clientY + DISTANCE, lowest);
    const isBeside = !keepClear || x >= keepClear.right || x + width <= keepClear.left;
    if (!isBeside && y < keepClear.bottom && y + height > keepClear.top) {
      const below = keepClear.bottom + DISTANCE;
      y = below <= lowest ? below : keepClear.top - DISTANCE - height;
    }
    this.element.style.left = `${x}px`;
    this.element.style.top = `${Math.max(y, MARGIN)}px`;
  }

  hide() {
    this.element.hidden = true;
  }

  fill(object) {
    const part = (name) => this.element.querySelector(`.${name}`);
    const setText = (name, text) => {
      part(name).textContent = text;
      part(name).hidden = text === "";
    };
    part("swatch").style.background = object.colour;
    setText("category", object.category);
    setText("phrase", object.phrase === object.category ? "" : object.phrase);
    setText("description", object.description);
    part("features").replaceChildren(
      ...object.features.map((feature) => {
        const item = document.createElement("li");
        item.textContent = feature;
        return item;
      }),
    );
    part("features").hidden = object.features.length === 0;
    part("visibility").textContent = percent(object.visibility);
    part("meter").firstElementChild.style.width = `${100 * object.visibility}%`;
    part("meter").firstElementChild.style.background = object.colour;
    part("area").textContent = `${object.area.toLocaleString("en")} px`;
    const [left, top, right, bottom] = object.box;
    const isVisible = object.area > 0;
    const corners = `${tenths(left)}, ${tenths(top)} → ${tenths(right)}, ${tenths(bottom)}`;
    part("box").textContent = isVisible ? corners : "none";
    part("size").textContent = isVisible ? `${tenths(right - left)} × ${tenths(bottom - top)} px` : "none";
  }
}

function tenths(value) {
  return String(Math.round(value * 10) / 10);
}
