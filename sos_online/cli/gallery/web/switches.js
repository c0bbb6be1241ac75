// What is drawn on all pictures at once, and the buttons and keys that change it.

const shown = { boxes: true, masks: true, labels: true, visibility: false, amodal: false };
const SWITCH_OF_KEY = { b: "boxes", m: "masks", l: "labels", v: "visibility", a: "amodal" };

/** Puts the buttons into every group of switches; `onChange` is called after each change. */
function setUpSwitches(onChange) {
  const toggle = (name) => {
    shown[name] = !shown[name];
    showSwitchStates();
    onChange();
  };
  for (const group of document.querySelectorAll(".switches")) {
    group.append(document.getElementById("switch-buttons").content.cloneNode(true));
  }
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.addEventListener("click", () => toggle(button.dataset.switch));
  }
  document.addEventListener("keydown", (event) => {
    const name = SWITCH_OF_KEY[event.key.toLowerCase()];
    if (name && isShortcut(event)) toggle(name);
  });
  showSwitchStates();
}

/** Whether a key press is meant for the page, not for a text field or the browser. */
function isShortcut(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.target.closest("input");
}

function showSwitchStates() {
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.setAttribute("aria-pressed", String(shown[button.dataset.switch]));
  }
}
