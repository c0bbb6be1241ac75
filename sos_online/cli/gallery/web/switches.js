// What is shown of all pictures at once, and the buttons and keys that change it.

const shown = { boxes: true, masks: true, labels: true, visibility: false, amodal: false, expressions: true, light: true };
const SWITCH_OF_KEY = { b: "boxes", m: "masks", l: "labels", v: "visibility", a: "amodal", e: "expressions", i: "light" };

/** Puts the buttons into every group of switches, but not those named in `idle`; `onChange` is called after each change. */
function setUpSwitches(idle, onChange) {
  const toggle = (name) => {
    shown[name] = !shown[name];
    showSwitchStates();
    onChange();
  };
  const buttons = document.getElementById("switch-buttons").content;
  for (const name of idle) buttons.querySelector(`[data-switch=${name}]`).remove();
  for (const group of document.querySelectorAll(".switches")) {
    group.append(buttons.cloneNode(true));
  }
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.addEventListener("click", () => toggle(button.dataset.switch));
  }
  document.addEventListener("keydown", (event) => {
    const name = SWITCH_OF_KEY[event.key.toLowerCase()];
    if (!name || !isShortcut(event)) return;
    // As if the button now in reach were pressed, so that a key does nothing where there is none or it is disabled.
    const group = document.querySelector("dialog[open] .switches") ?? document.querySelector(".switches");
    group.querySelector(`[data-switch=${name}]`)?.click();
  });
  showSwitchStates();
}

/** Whether a key press is meant for the page, not for a text field or the browser. */
function isShortcut(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.target.closest("[type=search]");
}

function showSwitchStates() {
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.setAttribute("aria-pressed", String(shown[button.dataset.switch]));
  }
  document.body.classList.toggle("lights-off", !shown.light);
  document.body.classList.toggle("expressions-off", !shown.expressions);
}
