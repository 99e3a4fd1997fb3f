"""What the authors' system changes pictures to, as data: arXiv 2110.02711 and its released code.

Misspelt and wrong texts of theirs are corrected. Left out is who lives: no preset makes a real
person of another; painters stand for their style.
"""

# By domain, then by name: the source text and the text.
ATTRIBUTES: dict[str, dict[str, tuple[str, str]]] = {
    "face": {
        "tanned": ("face", "tanned face"),
        "pale": ("face", "pale face"),
        "makeup": ("person", "person with makeup"),
        "no-makeup": ("person", "person without makeup"),
        "old": ("person", "old person"),
        "young": ("person", "young person"),
        "beards": ("person", "person with beards"),
        "angry": ("face", "angry face"),
        "surprised": ("face", "surprised face"),
        "smiling": ("face", "smiling face"),
        "blond-hair": ("person", "person with blond hair"),
        "red-hair": ("person", "person with red hair"),
        "grey-hair": ("person", "person with grey hair"),
        "curly-hair": ("person", "person with curly hair"),
        "gogh": ("photo", "painting in the style of Van Gogh"),
        "frida": ("photo", "painting in the style of Frida Kahlo"),
        "modigliani": ("photo", "painting in the style of Modigliani"),
        "sketch": ("photo", "sketch"),
        "watercolor": ("photo", "watercolor art with thick brushstrokes"),
        "elf": ("human", "Tolkien elf"),
        "super-saiyan": ("human", "Super Saiyan"),
        "pixar": ("human", "3D render in the style of Pixar"),
        "neanderthal": ("human", "Neanderthal"),
        "zombie": ("human", "zombie"),
        "joker": ("human", "the Joker"),
    },
    "dog": {
        "yorkshire": ("dog", "Yorkshire Terrier"),
        "smiling": ("dog", "smiling dog"),
        "zombie": ("dog", "zombie"),
        "super-saiyan": ("dog", "Super Saiyan"),
        "venom": ("dog", "Venom"),
        "bear": ("dog", "bear"),
        "fox": ("dog", "fox"),
        "wolf": ("dog", "wolf"),
        "hamster": ("dog", "hamster"),
    },
    "church": {
        "snow": ("church", "snow-covered church"),
        "night": ("church", "church at night"),
        "red-brick": ("church", "red brick wall church"),
        "golden": ("church", "golden church"),
        "wooden-house": ("church", "wooden house"),
        "gothic": ("church", "Gothic church"),
        "ancient-tower": ("church", "ancient traditional Asian tower"),
        "temple": ("church", "temple"),
        "factory": ("church", "factory with chimneys"),
        "department-store": ("church", "department store"),
    },
    "bedroom": {
        "blue": ("bedroom", "blue tone bedroom"),
        "green": ("bedroom", "green tone bedroom"),
        "golden": ("bedroom", "golden bedroom"),
        "princess": ("bedroom", "princess bedroom"),
        "palace": ("bedroom", "palace bedroom"),
        "wooden": ("bedroom", "wooden bedroom"),
    },
}

# Return times that are known: from the names of the checkpoints that the authors released, and
# for "angry" from their table as users quote it. The others take that of the paper's example.
TIMES: dict[str, dict[str, float]] = {
    "face": {
        "pixar": 601,
        "neanderthal": 601,
        "gogh": 601,
        "sketch": 601,
        "angry": 500,
        "tanned": 201,
        "makeup": 301,
        "no-makeup": 301,
        "curly-hair": 401,
    },
    "dog": {
        "bear": 500,
        "hamster": 601,
        "yorkshire": 601,
        "zombie": 601,
        "venom": 601,
    },
}
