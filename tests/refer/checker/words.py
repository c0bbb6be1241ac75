"""The tables of ``docs/words.md``, typed again."""

from __future__ import annotations

from functools import cache


def entries(text: str) -> list[str]:
    """The entries of a comma-separated table."""
    return [" ".join(entry.split()) for entry in text.split(",")]


COLOURS = entries("""red, orange, yellow, green, teal, blue, purple, pink, white, cream, beige, grey, black, brown,
gold, silver, copper, bronze, terracotta, turquoise, violet, navy, maroon""")
SHADES = entries("light, dark, pale, deep, bright")
MATERIALS = entries("""wooden, metal, ceramic, plastic, glass, rubber, paper, fabric, latex, clay, leather, stone,
porcelain, foil, steel, wax, wicker, concrete""")
PATTERNS = entries("plain, striped, dotted, spotted, checked, scaly, swirled, floral, plaid, polka-dot")
SURFACES = entries("glossy, shiny, matte, grained, translucent, smooth, soft, rough, ribbed")
SHAPES = entries("round, square, rectangular, oval, triangular")
HEIGHTS = entries("tall, short")
FACETS = {
    "colour": COLOURS,
    "material": MATERIALS,
    "pattern": PATTERNS,
    "surface": SURFACES,
    "shape": SHAPES,
    "height": HEIGHTS,
}
SAID_AS = {"wood": "wooden", "golden": "gold", "gray": "grey", "metallic": "metal"}

NEAR = [
    {"white", "cream", "beige", "silver"},
    {"grey", "silver"},
    {"gold", "yellow", "cream", "orange", "copper", "bronze", "beige"},
    {"brown", "copper", "bronze", "terracotta", "orange", "maroon", "beige"},
    {"red", "maroon", "terracotta", "pink", "orange", "copper"},
    {"teal", "turquoise", "blue", "green", "navy"},
    {"purple", "violet", "pink", "blue", "maroon"},
    {"black", "navy", "grey"},
    {"ceramic", "porcelain", "clay", "stone", "glass", "concrete"},
    {"metal", "steel", "foil"},
    {"rubber", "latex", "plastic", "wax"},
    {"paper", "fabric", "leather", "foil", "wicker"},
    {"wooden", "wicker"},
    {"striped", "zigzag-patterned"},
    {"dotted", "spotted", "polka-dot", "star-patterned", "floral"},
    {"checked", "plaid"},
    {"scaly", "spotted"},
    {"round", "oval"},
    {"square", "rectangular"},
]
# of surfaces, the pairs that are not near
OPPOSITE_SURFACES = [
    {"matte", "glossy"},
    {"matte", "shiny"},
    {"matte", "translucent"},
    {"rough", "smooth"},
    {"rough", "glossy"},
    {"rough", "shiny"},
]

KINDS = {
    "fruit": "apple, banana, orange",
    "animal": "bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, fish",
    "vehicle": "car, bus, truck, train, motorcycle, bicycle, airplane, boat",
    "appliance": "microwave, oven, toaster, refrigerator",
}
DOUBTFUL = {
    "fruit": "pear, lemon, tomato",
    "animal": "rubber duck, teddy bear, hot dog, person, mouse, kite, toy",
    "vehicle": "skateboard, surfboard, skis, snowboard, toy",
    "appliance": """sink, hair drier, tv, laptop, mouse, remote, keyboard, cell phone, clock, lamp, toilet,
    traffic light, parking meter, toy""",
}
SAID_BY_WORD = entries("""animal, bird, fruit, flower, tree, vehicle, aircraft, tool, weapon, container, building, toy,
vegetable, insect, appliance, instrument, musical instrument""")
DOUBTFUL_BY_WORD = {
    "vegetable": "tomato, mushroom",
    "insect": "spider, scorpion, centipede, snail, worm",
    "instrument": "microphone, radio",
    "musical instrument": "microphone, radio",
}
PART_OF = {"bird": "animal", "aircraft": "vehicle"}
MADE_OF_MATERIALS = entries("appliance, instrument, musical instrument, tool, container, toy")
APART = [
    (
        "animal, bird, insect, person",
        """fruit, vegetable, flower, tree, vehicle, aircraft, appliance, instrument, musical instrument, tool, weapon,
        container, building""",
    ),
    (
        "fruit, vegetable, flower, tree",
        "vehicle, aircraft, appliance, instrument, musical instrument, tool, weapon, container, building",
    ),
    ("food", "person, vehicle, aircraft, appliance, instrument, musical instrument, tool, weapon, building"),
    ("vehicle, aircraft, building", "appliance, instrument, musical instrument"),
    ("bird", "insect, person"),
    ("insect", "person"),
]
OTHER_KNOWN = """ball, balloon, cactus, cupcake, gift box, mug, mushroom, teapot, vase,
fire hydrant, stop sign, bench, backpack, umbrella, handbag, tie, suitcase, frisbee, sports ball, kite,
baseball bat, baseball glove, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, sandwich,
broccoli, carrot, pizza, donut, cake, chair, couch, potted plant, bed, dining table,
book, scissors, toothbrush"""
THINGS = ["thing", "object", "item"]

NUMBERS = entries("one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve")
ORDINALS = entries("first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth")
SIDES = ["left", "right", "top", "bottom"]
EXTREMES = {
    "leftmost": "left",
    "rightmost": "right",
    "topmost": "top",
    "bottommost": "bottom",
    "highest": "top",
    "lowest": "bottom",
}
SIZES = {"largest": "largest", "biggest": "largest", "smallest": "smallest"}
COMPARATIVES = {"larger": "largest", "bigger": "largest", "smaller": "smallest"}


@cache
def known_names() -> frozenset[str]:
    """The names that the table of kinds knows."""
    known = set(entries(OTHER_KNOWN))
    for table in (KINDS, DOUBTFUL):
        for names in table.values():
            known |= set(entries(names))
    return frozenset(known)


@cache
def facet_of(word: str) -> str | None:
    """The facet that an attribute belongs to; None for what is no attribute."""
    for facet, members in FACETS.items():
        if word in members:
            return facet
    shade, _, colour = word.partition(" ")
    if shade in SHADES and colour in COLOURS:
        return "colour"
    if word.endswith("-patterned") and " " not in word and word != "-patterned":
        return "pattern"
    return None


def bare(colour: str) -> str:
    """A colour without light, dark, …; other words as they are."""
    shade, _, rest = colour.partition(" ")
    return rest if shade in SHADES and rest else colour


def is_near(one: str, other: str) -> bool:
    """Whether two attributes of one facet are the same or near each other."""
    one, other = bare(one), bare(other)
    if one == other:
        return True
    if one in SURFACES and other in SURFACES:
        return {one, other} not in OPPOSITE_SURFACES
    return any(one in group and other in group for group in NEAR)
