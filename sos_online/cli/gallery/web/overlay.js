// Drawing what is known about a picture over it.

const TINT = 0.38;
const LINE = 1.5; // CSS pixels, as all widths here
const LINE_OF_HIGHLIGHTED = 2.5;
const SMALL_SIDE = 30; // boxes up to this get no dark edge: in a crowded picture it would be mostly that

/**
 * Draws on `canvas`, which lies exactly over the picture.
 *
 * scene.entry        the facts: width and height in image pixels, objects
 * scene.outlines     a Path2D per object in image pixels, or null where they are not known
 * scene.shown        which of boxes, masks, labels, visibility, amodal are switched on
 * scene.isWanted     whether the filter lets an object through
 * scene.highlighted  the indices of the objects to highlight, perhaps none of them; or null to show all alike
 * scene.labelSize    in CSS pixels
 */
function drawOverlay(canvas, scene) {
  const { entry, outlines, shown, isWanted, highlighted, labelSize } = scene;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const context = canvas.getContext("2d");
  const scale = width / entry.width;
  const toScreen = (box) => box.map((edge) => edge * scale);

  // Large objects first: the boxes of small ones then lie on top, and the names of large ones find a place first.
  const bySize = entry.objects
    .map((object, index) => ({ ...object, index }))
    .sort((one, other) => other.area - one.area);
  const wanted = bySize.filter(isWanted);
  if (shown.masks && outlines) {
    inImagePixels(context, scale, () => {
      // What is highlighted is to be judged by its own colours.
      const tinted = wanted.filter(({ index }) => !highlighted?.includes(index));
      for (const object of tinted) drawMask(context, object, outlines[object.index], scale);
    });
  }
  const marked = highlighted ? bySize.filter(({ index }) => highlighted.includes(index)) : wanted;
  if (highlighted && outlines) {
    inImagePixels(context, scale, () => highlight(context, entry, marked, outlines, scale));
  }
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  const visible = marked.filter((object) => object.area > 0);
  for (const object of marked) {
    // The dashed box is all there is to show of an object that is hidden altogether.
    const isOnlyHint = highlighted && object.area === 0;
    if (shown.amodal || isOnlyHint) strokeBox(context, toScreen(object.amodalBox), object.colour, [4, 3]);
  }
  if (shown.boxes) {
    for (const object of visible) strokeBox(context, toScreen(object.box), object.colour, []);
  }
  if (shown.labels || shown.visibility) {
    const labels = visible.map((object) => ({
      name: shown.labels ? object.category : "",
      share: shown.visibility ? percent(object.visibility) : "",
      box: toScreen(object.box),
      colour: object.colour,
    }));
    drawLabels(context, labels, width, height, labelSize);
  }
}

function inImagePixels(context, scale, draw) {
  context.setTransform(devicePixelRatio * scale, 0, 0, devicePixelRatio * scale, 0, 0);
  context.lineJoin = "round";
  draw();
}

function drawMask(context, object, outline, scale) {
  context.fillStyle = object.colour;
  context.globalAlpha = TINT;
  context.fill(outline);
  context.globalAlpha = 1;
  context.strokeStyle = object.colour;
  context.lineWidth = lineAround(object, LINE, scale) / scale;
  context.stroke(outline);
}

/** The width of a line around an object: a full one around a few pixels would leave nothing of them to see. */
function lineAround(object, fullWidth, scale) {
  const sideOnScreen = Math.sqrt(object.area) * scale;
  return Math.min(fullWidth, Math.max(0.4 * fullWidth, sideOnScreen / 12));
}

/** A line that is seen on dark and on bright pictures alike. */
function strokeBox(context, box, colour, dashes) {
  // Lines one CSS pixel wide are sharp only along the middle of whole pixels.
  const [left, top, right, bottom] = box.map(Math.round);
  const rectangle = [left + 0.5, top + 0.5, Math.max(right - left - 1, 1), Math.max(bottom - top - 1, 1)];
  context.setLineDash(dashes);
  if (Math.max(right - left, bottom - top) > SMALL_SIDE) {
    context.lineWidth = 3;
    context.strokeStyle = "rgb(10 12 16 / 0.3)";
    context.strokeRect(...rectangle);
  }
  context.lineWidth = 1;
  context.strokeStyle = colour;
  context.strokeRect(...rectangle);
  context.setLineDash([]);
}

/** Darkens all but some objects, and draws a bright line around each of those. */
function highlight(context, entry, objects, outlines, scale) {
  const around = new Path2D();
  around.rect(0, 0, entry.width, entry.height);
  for (const { index } of objects) around.addPath(outlines[index]);
  context.fillStyle = "rgb(8 10 14 / 0.55)";
  context.fill(around, "evenodd");
  for (const object of objects) {
    const outline = outlines[object.index];
    const line = lineAround(object, LINE_OF_HIGHLIGHTED, scale);
    context.strokeStyle = "white";
    context.lineWidth = (1.8 * line) / scale;
    context.stroke(outline);
    context.strokeStyle = object.colour;
    context.lineWidth = line / scale;
    context.stroke(outline);
  }
}
