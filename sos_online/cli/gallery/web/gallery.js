// The page: reads the entries, lays out the grid, and connects the parts.

function readEntries() {
  const pixelScripts = document.querySelectorAll("script.pixels");
  return Array.from(document.querySelectorAll("script.facts"), (script, index) => {
    const entry = JSON.parse(script.textContent);
    const categories = [...new Set(entry.objects.map((object) => object.category))];
    entry.objects.forEach((object, row) => {
      const naming = entry.expressions.filter(({ rows }) => rows.includes(row));
      object.expressions = naming.map(({ text }) => text);
    });
    entry.tally = counted(entry.objects.length, "object");
    entry.summary = `${entry.title}: ${entry.tally}`;
    if (categories.length > 12) categories.splice(12, Infinity, "…");
    if (categories.length) entry.summary += ` (${categories.join(", ")})`;
    entry.readPixels = () => JSON.parse(pixelScripts[index].textContent);
    return entry;
  });
}

function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function buildTile(entry, onOpen) {
  const tile = document.getElementById("tile").content.firstElementChild.cloneNode(true);
  tile.dataset.ratio = entry.width / entry.height;
  const frame = tile.querySelector(".frame");
  frame.style.setProperty("--ratio", tile.dataset.ratio);
  frame.querySelector("img").alt = entry.summary;
  frame.addEventListener("click", onOpen);
  tile.querySelector(".title").textContent = entry.title;
  tile.querySelector(".title").title = entry.title;
  const { length } = entry.expressions;
  tile.querySelector(".tally").textContent = length ? `${entry.tally}, ${counted(length, "expression")}` : entry.tally;
  return { tile, frame };
}

function showCounts(entries) {
  const objects = entries.flatMap((entry) => entry.objects);
  const categories = new Set(objects.map((object) => object.category));
  const expressionCount = entries.reduce((sum, entry) => sum + entry.expressions.length, 0);
  const counts = [
    [entries.length, "image", "images"],
    [objects.length, "object", "objects"],
    [categories.size, "category", "categories"],
  ];
  if (expressionCount > 0) counts.push([expressionCount, "expression", "expressions"]);
  for (const [number, one, many] of counts) {
    const group = document.createElement("div");
    const name = document.createElement("dt");
    name.textContent = number === 1 ? one : many;
    const value = document.createElement("dd");
    value.textContent = number.toLocaleString("en");
    group.append(name, value);
    document.getElementById("counts").append(group);
  }
}

/** Says of the filter and of pointing what else they are for. */
function offerExpressions() {
  const field = document.getElementById("filter");
  field.placeholder = field.ariaLabel = "Filter by category or words";
  document.getElementById("hint").textContent =
    "Point at an object for its words, at an expression for its objects; a click keeps them lit. " +
    "Click a picture to see it large.";
}

function startGallery() {
  const entries = readEntries();
  const hasExpressions = entries.some(({ expressions }) => expressions.length > 0);
  const filter = new Filter();
  const card = new ObjectCard(document.getElementById("card"));
  const isWanted = (object) => filter.acceptsObject(object);
  const isWantedExpression = (expression, objects) => filter.acceptsExpression(expression, objects);
  const onTampered = () => {
    const notice = document.getElementById("notice");
    notice.textContent =
      "This browser changes the pixels that a page reads back, so masks and pointing at objects are off here. " +
      "Boxes and labels are right.";
    notice.hidden = false;
  };

  const large = new LargeView(document.getElementById("large"), card, {
    isWanted,
    isWantedExpression,
    onTampered,
    neighbours: (entry) => {
      const inGallery = tiles.filter(({ tile, view }) => !tile.hidden || view.entry === entry);
      const place = inGallery.findIndex(({ view }) => view.entry === entry);
      return { previous: inGallery[place - 1]?.view.entry ?? null, next: inGallery[place + 1]?.view.entry ?? null };
    },
    onClosed: (entry) => tiles.find(({ view }) => view.entry === entry).frame.focus(),
  });
  const tiles = entries.map((entry) => {
    const { tile, frame } = buildTile(entry, () => large.open(entry));
    const view = new PictureView(entry, frame, { isWanted, onTampered, labelSize: 11 });
    const expressions = new ExpressionList(view);
    if (entry.expressions.length) tile.append(expressions.element);
    view.followPointer(card, (index) => expressions.mark(index));
    return { tile, frame, view, expressions };
  });
  const grid = document.getElementById("grid");
  grid.append(...tiles.map(({ tile }) => tile));
  const layOut = () => layOutRows(grid, tiles.map(({ tile }) => tile));
  showCounts(entries);

  const showWanted = () => {
    for (const { tile, view, expressions } of tiles) {
      const { objects } = view.entry;
      const isWantedHere = (expression) => isWantedExpression(expression, objects);
      expressions.narrow(isWantedHere);
      tile.hidden = filter.isActive && !objects.some(isWanted) && !view.entry.expressions.some(isWantedHere);
    }
    const left = tiles.filter(({ tile }) => !tile.hidden).length;
    const outcome = `${left} of ${counted(tiles.length, "image")}`;
    document.getElementById("outcome").textContent = filter.isActive ? outcome : "";
    const nothing = document.getElementById("nothing");
    nothing.hidden = left > 0;
    const sought = hasExpressions ? "category or expression" : "category";
    nothing.textContent = entries.length ? `No picture has such a ${sought}.` : "There are no pictures here.";
    layOut();
    for (const { view } of tiles) view.redrawIfLoaded();
    large.redraw();
  };
  const idle = [];
  if (!entries.some(({ isLit }) => isLit)) idle.push("light");
  if (hasExpressions) offerExpressions();
  else idle.push("expressions");
  setUpSwitches(idle, showWanted);
  setUpFilter(filter, entries, showWanted);
  new ResizeObserver(layOut).observe(grid);

  // Only pictures near the screen are held decoded, so that hundreds of them fit into memory.
  const viewOf = new Map(tiles.map(({ frame, view }) => [frame, view]));
  const nearScreen = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) viewOf.get(target).load();
        else viewOf.get(target).release();
      }
    },
    { rootMargin: "600px" },
  );
  const resized = new ResizeObserver((changes) => {
    for (const { target } of changes) viewOf.get(target).redrawIfLoaded();
  });
  for (const { frame } of tiles) {
    nearScreen.observe(frame);
    resized.observe(frame);
  }
}

startGallery();
