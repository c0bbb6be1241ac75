// Narrowing the gallery down to pictures that have a category, or an expression with some words.

/** The wish of the user: words that a category or an expression must contain, or one category exactly. */
class Filter {
  constructor() {
    this.words = "";
    this.exactly = null;
  }

  get isActive() {
    return this.exactly !== null || this.words !== "";
  }

  /** Objects that are meant by an expression with the words go through as well as those of the category. */
  acceptsObject({ category, expressions }) {
    return this.acceptsCategory(category) || (this.looksIntoExpressions && expressions.some((text) => this.hasWords(text)));
  }

  /** Expressions that mean an object of the category go through as well as those with the words. */
  acceptsExpression({ text, rows }, objects) {
    if (!shown.expressions) return false;
    const hasWords = this.looksIntoExpressions && this.hasWords(text);
    return hasWords || rows.some((row) => this.acceptsCategory(objects[row].category));
  }

  acceptsCategory(category) {
    return this.exactly !== null ? category === this.exactly : this.hasWords(category);
  }

  /** What is switched off is not searched: no one would see why a picture is there. */
  get looksIntoExpressions() {
    return this.exactly === null && shown.expressions;
  }

  hasWords(text) {
    return text.toLowerCase().includes(this.words);
  }
}

/** Fills the list of categories and keeps `filter` up to date; `onChange` is called after each change. */
function setUpFilter(filter, entries, onChange) {
  const field = document.getElementById("filter");
  const tally = objectsPerCategory(entries);
  const most = Math.max(...tally.map(([, count]) => count), 1);
  const buttons = tally.map(([category, count]) => categoryButton(category, count, count / most));
  document.getElementById("categories").append(...buttons.map(({ button }) => button));

  const apply = () => {
    for (const { button, category } of buttons) {
      button.hidden = !filter.hasWords(category);
      button.setAttribute("aria-pressed", String(filter.exactly === category));
    }
    onChange();
  };
  field.addEventListener("input", () => {
    filter.words = field.value.trim().toLowerCase();
    filter.exactly = null;
    apply();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.blur();
  });
  for (const { button, category } of buttons) {
    button.addEventListener("click", () => {
      filter.exactly = filter.exactly === category ? null : category;
      apply();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && isShortcut(event) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      field.focus();
    }
  });
  apply();
}

/** [category, number of objects], the most frequent first. */
function objectsPerCategory(entries) {
  const tally = new Map();
  for (const { objects } of entries) {
    for (const { category } of objects) tally.set(category, (tally.get(category) ?? 0) + 1);
  }
  return [...tally].sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]));
}

function categoryButton(category, count, share) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = category;
  const name = document.createElement("span");
  name.textContent = category;
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = count.toLocaleString("en");
  const meter = document.createElement("span");
  meter.className = "meter";
  meter.append(document.createElement("span"));
  meter.firstElementChild.style.width = `${100 * share}%`;
  button.append(name, meter, number);
  return { button, category };
}
