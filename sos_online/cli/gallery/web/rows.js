// Laying out pictures of different proportions in rows of about equal height that all end at the right edge.

/** Sets the width of every tile that is not hidden; `tiles` are elements with data-ratio, the grid has a CSS --row. */
function layOutRows(grid, tiles) {
  const wishedHeight = parseFloat(getComputedStyle(grid).getPropertyValue("--row"));
  const gap = parseFloat(getComputedStyle(grid).columnGap);
  const room = grid.clientWidth;
  // The height at which a row fills the width exactly; half a pixel is kept back so that rounding breaks no row.
  const fittingHeight = (row) => (room - 0.5 - gap * (row.length - 1)) / sumOfRatios(row);

  let row = [];
  for (const tile of tiles.filter(({ hidden }) => !hidden)) {
    const longer = [...row, tile];
    // A row ends where one more picture would take it further from the height wished for.
    const isFull = row.length > 0 && fittingHeight(row) / wishedHeight < wishedHeight / fittingHeight(longer);
    if (isFull) setHeight(row, fittingHeight(row));
    row = isFull ? [tile] : longer;
  }
  if (row.length) setHeight(row, Math.min(fittingHeight(row), 1.15 * wishedHeight));
}

function sumOfRatios(row) {
  return row.reduce((sum, tile) => sum + Number(tile.dataset.ratio), 0);
}

function setHeight(row, height) {
  for (const tile of row) tile.style.width = `${height * Number(tile.dataset.ratio)}px`;
}
