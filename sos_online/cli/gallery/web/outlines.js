// Outlines of objects as vector paths, so that they are crisp at every size on the screen.

// Walking clockwise keeps the object on the right. Headings: 0 east, 1 south, 2 west, 3 north.
const STEP_X = [1, 0, -1, 0];
const STEP_Y = [0, 1, 0, -1];
// The pixels to the right and to the left just ahead of a corner, relative to it, for each heading.
const RIGHT_AHEAD = [[0, 0], [-1, 0], [-1, -1], [0, -1]];
const LEFT_AHEAD = [[0, -1], [0, 0], [-1, 0], [-1, -1]];

/** One Path2D per object, in image pixels; holes are part of the path. */
function traceOutlines(ids, width, height, objectCount) {
  const outlines = Array.from({ length: objectCount }, () => new Path2D());
  // Every outline, of a hole too, has an edge that runs east: the upper edge of one of the object's pixels.
  const upperEdgeWalked = new Uint8Array(ids.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      const id = ids[pixel];
      const isUpperEdge = id !== 0 && (y === 0 || ids[pixel - width] !== id);
      if (isUpperEdge && !upperEdgeWalked[pixel]) {
        traceLoop(outlines[id - 1], ids, width, height, x, y, upperEdgeWalked);
      }
    }
  }
  return outlines;
}

/** Adds to `path` the closed outline that starts along the upper edge of pixel (startX, startY). */
function traceLoop(path, ids, width, height, startX, startY, upperEdgeWalked) {
  const id = ids[startY * width + startX];
  const isInside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && ids[y * width + x] === id;
  let x = startX;
  let y = startY;
  let heading = 0;
  path.moveTo(x + 0.5, y);
  for (;;) {
    if (heading === 0) {
      if (upperEdgeWalked[y * width + x]) break; // back at the start
      upperEdgeWalked[y * width + x] = 1;
    }
    x += STEP_X[heading];
    y += STEP_Y[heading];
    const rightIsInside = isInside(x + RIGHT_AHEAD[heading][0], y + RIGHT_AHEAD[heading][1]);
    const leftIsInside = isInside(x + LEFT_AHEAD[heading][0], y + LEFT_AHEAD[heading][1]);
    const turned = !rightIsInside ? (heading + 1) % 4 : leftIsInside ? (heading + 3) % 4 : heading;
    if (turned !== heading) {
      // Corners are cut from the middle of one edge to the middle of the next, which turns stairs into slopes.
      path.lineTo(x - STEP_X[heading] / 2, y - STEP_Y[heading] / 2);
      path.lineTo(x + STEP_X[turned] / 2, y + STEP_Y[turned] / 2);
      heading = turned;
    }
  }
  path.closePath();
}
