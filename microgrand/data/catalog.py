"""The data sets by name: what they are, who may use them, where they come from; and `load`."""

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from microgrand.data import cifar10, mnist, stl10
from microgrand.data.archives import SLACK, names
from microgrand.data.digits import load_digits
from microgrand.data.image_set import ImageSet, refuse
from microgrand.data.npz import load_npz
from microgrand.data.patches import load_patches
from microgrand.data.reading import reading
from microgrand.settings import UserError


@dataclass(frozen=True)
class Remote:
    """A file on the site of its data set: address, SHA-256 and length in bytes."""

    url: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Entry:
    """A data set by name. Without `files` it is offline, and `load` takes no path."""

    about: str
    terms: str
    load: Callable[..., ImageSet]
    contents: tuple[str, ...] = ()
    files: tuple[Remote, ...] = ()


# The sums of MNIST, CIFAR-10 and STL-10 are those TensorFlow Datasets publishes in `url_checksums`.
# fmt: off
MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"  # its own site answers no more
MNIST = (
    Remote(f"{MIRROR}train-images-idx3-ubyte.gz",
           "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
    Remote(f"{MIRROR}train-labels-idx1-ubyte.gz",
           "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28_881),
    Remote(f"{MIRROR}t10k-images-idx3-ubyte.gz",
           "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
    Remote(f"{MIRROR}t10k-labels-idx1-ubyte.gz",
           "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4_542),
)
CIFAR10 = (
    Remote("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
           "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 170_052_171),
)
STL10 = (
    Remote("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
           "f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866", 2_640_397_119),
)
# fmt: on

CATALOG = {
    "digits": Entry(
        "1 797 scans of handwritten digits, 8×8×1 (1 437 to train with)",
        "E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository; ships in scikit-learn",
        load_digits,
    ),
    "patches": Entry(
        "5 000 crops of ten photographs, 32×32×3 (4 000 to train with)",
        "CC0, public domain and CC BY 2.0; ships in scikit-image and scikit-learn",
        load_patches,
    ),
    "mnist": Entry(
        "70 000 handwritten digits, 28×28×1 (60 000 to train with)",
        "Y. LeCun, C. Cortes, C. Burges (1998); for research and teaching",
        mnist.load_mnist,
        mnist.FILES,
        MNIST,
    ),
    "cifar10": Entry(
        "60 000 colour photographs of ten things, 32×32×3 (50 000 to train with)",
        "A. Krizhevsky (2009); for research and teaching",
        cifar10.load_cifar10,
        tuple(cifar10.FILES),
        CIFAR10,
    ),
    "stl10": Entry(
        "13 000 colour photographs of ten things, 96×96×3 (5 000 to train with)",
        "A. Coates, H. Lee, A. Y. Ng (2011); photographs from ImageNet, for research and teaching",
        stl10.load_stl10,
        tuple(stl10.FILES),
        STL10,
    ),
}
#: Bytes: no archive of a set above unpacks to more.
MOST = stl10.UNLABELED + sum(stl10.FILES.values()) + SLACK


def entry(name: str) -> Entry:
    """The data set of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in CATALOG:
        raise UserError(f"no data set is called {name!r}; there are {', '.join(CATALOG)}")
    return CATALOG[name]


def home(folder: Path | None = None) -> Path:
    """Where fetched files lie, a folder a data set: by default the user's cache."""
    import pooch

    return Path(pooch.os_cache("microgrand")) if folder is None else folder


def place(name: str, folder: Path | None = None) -> Path | None:
    """What a fetched data set is loaded from, a folder or an archive; None if it is not there."""
    files = [home(folder) / name / remote.name for remote in entry(name).files]
    if not files or not all(file.is_file() for file in files):
        return None
    return files[0] if len(files) == 1 else files[0].parent


def load(source: str, folder: Path | None = None) -> ImageSet:
    """A data set by name or by path.

    Arguments:
        source: a name (`digits`, `patches`, or one that was fetched), or the path of a `.npz` in
            the Keras layout, of a folder with the original files of MNIST, CIFAR-10 or STL-10, or
            of the original archive of one of the latter two. A name wins over a path.
        folder: where `fetch` put what it fetched, if not into the user's cache.

    Raises:
        UserError: if there is no such name or path, or its content is damaged or unknown.
    """
    if source not in CATALOG:
        return load_path(Path(source))
    if not CATALOG[source].files:
        return CATALOG[source].load()
    path = place(source, folder)
    if path is None:
        raise UserError(
            f"{source} is not here: `microgrand data fetch {source}` fetches it; or give its path"
        )
    with reading(path):
        return CATALOG[source].load(path)


@lru_cache(maxsize=2)
def load_once(source: str) -> ImageSet:
    """`load`, with the last two sets kept in memory: the runs of a lesson read one data set.

    Raises:
        UserError: as `load` does.
    """
    images = load(source)
    for array in (*images.train, *images.test):
        array.setflags(write=False)  # it is everybody's
    return images


def load_path(path: Path) -> ImageSet:
    """The data set a file or folder holds, told by the names of the files inside.

    Raises:
        UserError: if there is nothing, or it is damaged or of no known kind.
    """
    with reading(path):
        if not path.exists():
            refuse(path, f"neither a data set ({', '.join(CATALOG)}) nor a file or folder")
        if path.suffix == ".npz":
            return load_npz(path)
        if path.is_file() and not tarfile.is_tarfile(path):
            refuse(
                path, "neither a .npz nor a tar archive (of MNIST, give the folder of its files)"
            )
        spelled = (name.removesuffix(".gz").replace(".idx", "-idx") for name in names(path, MOST))
        known = (one.load for name in spelled for one in CATALOG.values() if name in one.contents)
        load = next(known, None)
        if load is None:
            refuse(path, "holds no MNIST (IDX), CIFAR-10 or STL-10 (binary)")
        return load(path)
