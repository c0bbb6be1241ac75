// One picture as large as the window allows, with a list of its objects.

class LargeView {
  /** `neighbours(entry)` gives the pictures now in the gallery: {previous, next}, either of them null at an end. */
  constructor(dialog, card, { isWanted, isWantedExpression, onTampered, neighbours, onClosed }) {
    this.dialog = dialog;
    this.card = card;
    this.viewOptions = { isWanted, onTampered, labelSize: 13 };
    this.isWantedExpression = isWantedExpression;
    this.neighbours = neighbours;
    this.view = null;
    this.expressions = null;
    this.comparison = new Comparison(dialog, card);
    this.stopFollowing = () => {};
    this.part = (name) => document.getElementById(`large-${name}`);

    this.part("previous").addEventListener("click", () => this.step("previous"));
    this.part("next").addEventListener("click", () => this.step("next"));
    this.part("close").addEventListener("click", () => dialog.close());
    this.part("stage").addEventListener("click", (event) => {
      if (event.target === event.currentTarget) dialog.close(); // beside the picture
    });
    document.addEventListener("keydown", (event) => {
      if (!dialog.open || !isShortcut(event)) return;
      if (event.target.matches("input")) return; // arrows move what has the focus
      if (event.key === "ArrowLeft") this.step("previous");
      if (event.key === "ArrowRight") this.step("next");
    });
    dialog.addEventListener("close", () => {
      const { entry } = this.view;
      this.dropPicture();
      this.comparison.turn(false);
      onClosed(entry);
    });
    new ResizeObserver(() => this.view?.redrawIfLoaded()).observe(this.part("frame"));
  }

  open(entry) {
    this.card.hide();
    if (!this.dialog.open) {
      this.dialog.showModal();
      this.dialog.focus(); // and not its first button, which would look chosen
    }
    this.showPicture(entry);
  }

  step(direction) {
    const entry = this.neighbours(this.view.entry)[direction];
    if (entry) this.showPicture(entry);
  }

  showPicture(entry) {
    this.dropPicture();
    const frame = this.part("frame");
    frame.style.setProperty("--ratio", entry.width / entry.height);
    frame.querySelector("img").alt = entry.summary;
    this.part("title").textContent = entry.title;
    this.part("facts").textContent = `${entry.width} × ${entry.height} px, ${entry.tally}`;
    this.part("expression-count").textContent = entry.expressions.length.toLocaleString("en");
    this.part("object-count").textContent = entry.objects.length.toLocaleString("en");
    this.dialog.classList.toggle("worded", entry.expressions.length > 0);
    const { previous, next } = this.neighbours(entry);
    this.part("previous").disabled = previous === null;
    this.part("next").disabled = next === null;

    const view = new PictureView(entry, frame, this.viewOptions);
    const rows = entry.objects.map((object, index) => this.objectRow(view, object, index));
    this.part("objects").replaceChildren(...rows);
    const showHighlighted = (indices) => {
      rows.forEach((row, index) => row.classList.toggle("highlighted", indices.includes(index)));
    };
    this.expressions = new ExpressionList(view, (lit) => {
      showHighlighted(lit ?? []);
      if (lit?.length) scrollInside(this.part("objects"), rows[lit[0]]);
    });
    this.part("said").replaceChildren(this.expressions.element);
    this.stopFollowing = view.followPointer(this.card, (index) => {
      showHighlighted(index >= 0 ? [index] : (view.pinned ?? []));
      rows[index]?.scrollIntoView({ block: "nearest" });
      this.expressions.mark(index);
    });
    this.view = view;
    this.narrowExpressions();
    this.comparison.follow(view);
    view.load();
  }

  dropPicture() {
    this.stopFollowing();
    this.card.hide();
    this.view?.release();
  }

  redraw() {
    if (!this.dialog.open) return;
    this.narrowExpressions();
    this.view.redrawIfLoaded();
  }

  narrowExpressions() {
    this.expressions.narrow((expression) => this.isWantedExpression(expression, this.view.entry.objects));
  }

  /** A row highlights its object while it is pointed at or has the focus, so that the keyboard reaches every card. */
  objectRow(view, object, index) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = object.colour;
    const category = document.createElement("span");
    category.className = "name";
    category.textContent = object.category;
    const visibility = document.createElement("span");
    visibility.className = "number";
    visibility.textContent = percent(object.visibility);
    button.append(swatch, category, visibility);
    row.append(button);
    row.classList.toggle("unseen", object.area === 0);

    const highlight = () => {
      view.highlight([index]);
      this.expressions.mark(index);
      const { left, top } = row.getBoundingClientRect();
      this.card.showAt(object, left, top, view.placeOf(object));
    };
    const leave = () => {
      view.highlight(null);
      this.expressions.mark(-1);
      this.card.hide();
    };
    button.addEventListener("pointerenter", highlight);
    button.addEventListener("focus", highlight);
    button.addEventListener("pointerleave", leave);
    button.addEventListener("blur", leave);
    return row;
  }
}

/** Scrolls a list, and nothing around it, until a row of it is seen: what the pointer is on must not move away. */
function scrollInside(list, row) {
  const [frame, place] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (place.top < frame.top) list.scrollTop -= frame.top - place.top;
  if (place.bottom > frame.bottom) list.scrollTop += place.bottom - frame.bottom;
}
