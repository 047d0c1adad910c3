"""The photographs that `patches` is cut from: where each lies, who made it, on which terms.

All of them ship inside the wheels of scikit-image and scikit-learn; licences and credits are those
of the packages' own notes (the docstrings of `skimage.data` and `sklearn/datasets/images/README`).
Others that ship there are left out: what the notes of scikit-image name no licence for, or only
"no known restrictions", and scikit-learn's flower, whose note credits one photographer and links
to another.
"""

import hashlib
import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from microgrand.data.image_set import refuse
from microgrand.data.reading import read, reading

MOST = 1 << 20  # bytes of a file


@dataclass(frozen=True)
class Photograph:
    """A photograph: its class name, package, file in it, checksum, and what its notes say."""

    name: str
    package: str
    file: str
    sha256: str
    licence: str
    credit: str
    source: str


# fmt: off
PHOTOGRAPHS = (
    Photograph("astronaut", "skimage", "data/astronaut.png",
               "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
               "public domain", "NASA: Eileen Collins",
               "https://flic.kr/p/r9qvLn"),
    Photograph("brick", "skimage", "data/brick.png",
               "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
               "CC0", "CC0Textures: Bricks25 (turned, cropped, scaled)",
               "https://cc0textures.com/view.php?tex=Bricks25"),
    Photograph("cat", "skimage", "data/chelsea.png",
               "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
               "CC0", "Stéfan van der Walt: Chelsea",
               "scikit-image"),
    Photograph("coffee", "skimage", "data/coffee.png",
               "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
               "CC0", "Rachel Michetti, courtesy of Pikolo Espresso Bar",
               "scikit-image"),
    Photograph("grass", "skimage", "data/grass.png",
               "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
               "CC0", "linolafett: Grass 01 (cropped, in grey)",
               "https://www.deviantart.com/linolafett/art/Grass-01-434853879"),
    Photograph("gravel", "skimage", "data/gravel.png",
               "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
               "CC0", "CC0Textures: Gravel04 (scaled, cropped, in grey)",
               "https://cc0textures.com/view.php?tex=Gravel04"),
    Photograph("hubble", "skimage", "data/hubble_deep_field.jpg",
               "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
               "public domain", "NASA: Hubble eXtreme Deep Field",
               "http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/"),
    Photograph("retina", "skimage", "data/retina.jpg",
               "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
               "CC0", "Mikael Häggström: fundus of a normal left eye",
               "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg"),
    Photograph("rocket", "skimage", "data/rocket.jpg",
               "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
               "public domain", "SpaceX: launch of DSCOVR",
               "https://www.flickr.com/photos/spacexphotos/16511594820/in/photostream/"),
    Photograph("temple", "sklearn", "datasets/images/china.jpg",
               "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
               "CC BY 2.0", "danielbuechele (some rights reserved; https://creativecommons.org/licenses/by/2.0/)",
               "https://www.flickr.com/photos/danielbuechele/6061409035/"),
)
# fmt: on


def read_photograph(photograph: Photograph) -> np.ndarray:
    """The pixels of a photograph, uint8 (height, width, 3); grey ones have three equal channels.

    Raises:
        UserError: if the installed package holds no such file or another one.
    """
    from PIL import Image

    package = find_spec(photograph.package)
    if package is None or package.origin is None:
        refuse(photograph.name, f"{photograph.package} is not installed: pip install microgrand")
    path = Path(package.origin).parent / photograph.file
    content = read(path, MOST)
    if hashlib.sha256(content).hexdigest() != photograph.sha256:
        refuse(path, "not the photograph of this book (its SHA-256 is another)")
    with reading(path), Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def credits() -> list[str]:
    """A line for each photograph: class, licence, credit, source."""
    return [
        f"{photograph.name:9} {photograph.licence:13} {photograph.credit}; {photograph.source}"
        for photograph in PHOTOGRAPHS
    ]
