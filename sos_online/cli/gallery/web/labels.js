// Label chips: their words, and where they go so that they stay beside their object and off each other.

const INK_ON_CHIP = "#10141c";
// A crowded picture is left mostly bare: beyond this share of it, further labels would hide what they name.
const COVERED_SHARE = 0.22;

/** A share as whole percent that never says "all" or "nothing" of what is only almost so. */
function percent(share) {
  if (share > 0 && share < 0.005) return "<1%";
  if (share < 1 && share >= 0.995) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/** Draws a chip for each of `labels` ({name, share, box, colour}, boxes in CSS pixels) that finds a free place. */
function drawLabels(context, labels, frameWidth, frameHeight, fontSize) {
  context.font = `600 ${fontSize}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const padding = Math.round(fontSize * 0.4);
  const height = Math.round(fontSize * 1.5);
  const taken = [];
  let budget = COVERED_SHARE * frameWidth * frameHeight;
  const room = Math.min(0.6 * frameWidth, 16 * fontSize);
  for (const { name, share, box, colour } of labels) {
    // Where it is too long, the name is cut, never the number.
    const words = `${shortened(context, name, room - context.measureText(share).width)} ${share}`.trim();
    const width = Math.ceil(context.measureText(words).width) + 2 * padding;
    const place = width * height <= budget && freePlace(box, width, height, taken, frameWidth, frameHeight);
    if (!place) continue;
    budget -= width * height;
    taken.push(place);
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(place.x, place.y, width, height, 3);
    context.fill();
    context.fillStyle = INK_ON_CHIP;
    context.fillText(words, place.x + padding, place.y + height / 2 + 0.5);
  }
}

function shortened(context, text, room) {
  const line = text.replace(/\s+/g, " ").trim();
  if (context.measureText(line).width <= room) return line;
  const characters = Array.from(line);
  while (characters.length > 0 && context.measureText(characters.join("") + "…").width > room) characters.pop();
  return characters.join("").trimEnd() + "…";
}

function freePlace([left, top, right, bottom], width, height, taken, frameWidth, frameHeight) {
  if (width > frameWidth || height > frameHeight) return null;
  const candidates = [
    [left, top - height], // resting on the box
    [left, top],
    [right - width, top - height],
    [left, bottom], // hanging below it
    [left, bottom - height],
    [right - width, bottom - height],
    [(left + right - width) / 2, (top + bottom - height) / 2],
  ];
  for (const [wishedX, wishedY] of candidates) {
    const x = Math.round(Math.min(Math.max(wishedX, 0), frameWidth - width));
    const y = Math.round(Math.min(Math.max(wishedY, 0), frameHeight - height));
    const isFree = taken.every(
      (other) =>
        x >= other.x + other.width || other.x >= x + width || y >= other.y + other.height || other.y >= y + height,
    );
    if (isFree) return { x, y, width, height };
  }
  return null;
}
