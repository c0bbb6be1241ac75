// A picture with and without its light, on either side of a line that can be dragged.

class Comparison {
  constructor(dialog, card) {
    this.dialog = dialog;
    this.card = card;
    this.view = null;
    this.isOn = false;
    this.button = document.getElementById("large-compare");
    this.control = document.getElementById("large-comparison");
    this.slider = this.control.querySelector("input");

    this.button.addEventListener("click", () => this.turn(!this.isOn));
    this.slider.addEventListener("input", () => this.moveLine());
    document.addEventListener("keydown", (event) => {
      const isMeant = event.key.toLowerCase() === "c" && isShortcut(event) && dialog.open;
      if (isMeant && !this.button.hidden) this.turn(!this.isOn);
    });
  }

  /** Goes on with another picture; one without light has nothing to compare. */
  follow(view) {
    this.view = view;
    this.button.hidden = !view.entry.isLit;
    this.turn(this.isOn && view.entry.isLit);
  }

  turn(isOn) {
    if (isOn && !this.isOn) {
      this.slider.value = 50;
      this.moveLine();
    }
    // The focus must not stay on what is hidden: keys would be lost there.
    if (!isOn && document.activeElement === this.slider) this.dialog.focus();
    this.isOn = isOn;
    this.button.setAttribute("aria-pressed", String(isOn));
    this.control.hidden = !isOn;
    this.dialog.classList.toggle("comparing", isOn);
    // Marks would hide what is compared; their switches, and that for light, have no say meanwhile.
    for (const button of this.dialog.querySelectorAll("[data-switch]")) button.disabled = isOn;
    this.view.isBare = isOn;
    this.view.highlight(null);
    this.view.redrawIfLoaded();
    this.card.hide();
  }

  moveLine() {
    const share = `${this.slider.value}%`;
    this.control.parentElement.style.setProperty("--line-at", share);
    this.slider.setAttribute("aria-valuetext", `${Math.round(this.slider.value)}% without light`);
  }
}
