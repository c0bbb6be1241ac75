// The card that says what is known about one object. Words of a library are data: they are only ever set as text.

const DISTANCE = 18; // CSS pixels between the card and what it belongs to

class ObjectCard {
  constructor(element) {
    this.element = element;
    this.object = null;
  }

  /** Shows the card beside a point of the window, inside `host`'s layer (a dialog lies above the page). */
  showAt(object, clientX, clientY) {
    const host = document.querySelector("dialog[open]") ?? document.body;
    if (this.element.parentElement !== host) host.append(this.element);
    if (this.object !== object) {
      this.object = object;
      this.fill(object);
    }
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const fitsRight = clientX + DISTANCE + width <= innerWidth - 8;
    const x = fitsRight ? clientX + DISTANCE : clientX - DISTANCE - width;
    const y = Math.min(clientY + DISTANCE, innerHeight - height - 8);
    this.element.style.left = `${Math.max(x, 8)}px`;
    this.element.style.top = `${Math.max(y, 8)}px`;
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
    part("box").textContent = isVisible ? `${tenths(left)}, ${tenths(top)} → ${tenths(right)}, ${tenths(bottom)}` : "none";
    part("size").textContent = isVisible ? `${tenths(right - left)} × ${tenths(bottom - top)} px` : "none";
  }
}

function tenths(value) {
  return String(Math.round(value * 10) / 10);
}
