// The expressions of one picture, by what tells the objects that are meant from the others. Pointing at one, or going
// to it by keyboard, lights up the objects; a click or tap keeps them lit. Expressions are data: only ever set as text.

const KINDS = ["attribute", "position", "mixed"];

class ExpressionList {
  /** `onLit(rows)` is told which objects are lit by an expression: places in the entry's objects, or null. */
  constructor(view, onLit = () => {}) {
    this.view = view;
    this.onLit = onLit;
    this.pointed = this.focused = this.pinned = null; // of the options, or null
    this.element = document.createElement("div");
    this.element.className = "expressions";
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", `Expressions for ${view.entry.title}`);
    this.groups = KINDS.map((kind) => expressionGroup(kind, view.entry)).filter(({ options }) => options.length > 0);
    this.options = this.groups.flatMap(({ options }) => options);
    this.element.append(...this.groups.map(({ element }) => element));
    this.stopAt(this.options[0]);
    this.listen();
  }

  listen() {
    const optionOf = (event) => this.options.find(({ button }) => button.contains(event.target)) ?? null;
    const on = (name, handle) => {
      this.element.addEventListener(name, (event) => {
        handle(optionOf(event), event);
        this.update();
      });
    };
    on("pointerover", (option) => (this.pointed = option));
    on("pointerleave", () => (this.pointed = null));
    // A press of the mouse gives the focus, too; that alone must not keep anything lit.
    on("focusin", (option, { target }) => (this.focused = target.matches(":focus-visible") ? option : null));
    on("focusout", () => (this.focused = null));
    on("click", (option) => {
      if (option) this.pinned = option === this.pinned ? null : option;
    });
    this.element.addEventListener("keydown", (event) => this.moveFocus(optionOf(event), event));
  }

  /** The list is one stop of the Tab key, as there may be hundreds of expressions; arrows go on inside. */
  moveFocus(option, event) {
    const reachable = this.options.filter(({ button }) => !button.hidden);
    const place = reachable.indexOf(option);
    const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: reachable.length - 1 }[event.key];
    if (next === undefined || !reachable[next]) return;
    event.preventDefault();
    this.stopAt(reachable[next]);
    reachable[next].button.focus();
  }

  stopAt(option) {
    for (const { button } of this.options) button.tabIndex = button === option?.button ? 0 : -1;
  }

  update() {
    const passing = this.pointed ?? this.focused;
    const lit = passing ?? this.pinned;
    for (const option of this.options) {
      option.button.classList.toggle("lit", option === lit);
      option.button.setAttribute("aria-selected", String(option === this.pinned));
    }
    this.view.pin(this.pinned?.rows ?? null);
    this.view.highlight(passing?.rows ?? null);
    this.onLit(lit?.rows ?? null);
  }

  /** Marks the expressions that mean an object; none with -1. */
  mark(index) {
    for (const { button, rows } of this.options) button.classList.toggle("marked", rows.includes(index));
  }

  /** Leaves only expressions that `isWanted`; of those that went, none stays lit. */
  narrow(isWanted) {
    for (const { options, element, number } of this.groups) {
      for (const { button, expression } of options) button.hidden = !isWanted(expression);
      const left = options.filter(({ button }) => !button.hidden).length;
      element.hidden = left === 0;
      number.textContent = left < options.length ? `${left} of ${options.length}` : `${left}`;
    }
    const wanted = this.options.filter(({ button }) => !button.hidden);
    if (!wanted.some(({ button }) => button.tabIndex === 0)) this.stopAt(wanted[0]);
    const isGone = (option) => option?.button.hidden;
    if (isGone(this.pointed) || isGone(this.focused) || isGone(this.pinned)) this.clear();
  }

  clear() {
    this.pointed = this.focused = this.pinned = null;
    this.update();
  }
}

function expressionGroup(kind, entry) {
  const options = entry.expressions
    .filter((expression) => expression.kind === kind)
    .map((expression) => ({
      expression,
      rows: expression.rows,
      button: expressionButton(expression, entry.objects),
    }));
  const element = document.createElement("div");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", kind);
  const heading = document.createElement("p");
  heading.className = "kind";
  heading.setAttribute("aria-hidden", "true");
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = options.length;
  heading.append(kind, number);
  element.append(heading, ...options.map(({ button }) => button));
  return { element, options, number };
}

function expressionButton({ text, rows }, objects) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", "option");
  button.setAttribute("aria-selected", "false");
  const colours = document.createElement("span");
  colours.className = "colours";
  for (const row of rows) {
    const colour = document.createElement("span");
    colour.style.background = objects[row].colour;
    colours.append(colour);
  }
  const words = document.createElement("span");
  words.className = "words";
  words.dir = "auto";
  words.textContent = text;
  button.append(colours, words);
  if (rows.length !== 1) {
    const scope = document.createElement("span");
    scope.className = "scope";
    scope.textContent = rows.length === 0 ? "nothing here" : rows.length.toLocaleString("en");
    if (rows.length > 0) {
      const noun = document.createElement("span");
      noun.className = "noun";
      noun.textContent = " objects";
      scope.append(noun);
    }
    button.append(" ", scope);
  }
  button.classList.toggle("nothing-meant", rows.length === 0);
  return button;
}
