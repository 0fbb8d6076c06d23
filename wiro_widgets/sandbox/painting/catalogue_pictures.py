"""The pictures of the catalogue: covers, sample results and the files of example inputs, painted when asked for."""

from functools import lru_cache

from wiro_widgets.sandbox.painting.render import Scene, draw, paint

SIZE = (640, 400)
# By address: what a picture is of, and whether it is in pencil.
PICTURES: dict[str, tuple[str, bool]] = {
    "/uploads/models/hunyuan-flux-srpo-cover.png": ("a mountain lake at dawn", False),
    "/uploads/models/hunyuan-flux-srpo-1.png": ("a lighthouse in a storm", False),
    "/uploads/models/hunyuan-flux-srpo-2.png": ("an orchard in autumn", False),
    "/uploads/models/sandbox-sketch-cover.png": ("a harbour in the early fog", True),
    "/uploads/models/sandbox-sketch-1.png": ("a bridge over a river", True),
    "/uploads/models/sandbox-poster-cover.png": ("mountains in the evening", False),
    "/uploads/models/sandbox-upscale-cover.png": ("a close look at moss", False),
    "/uploads/models/sandbox-collage-cover.png": ("paper and leaves", False),
    "/uploads/sampleinputs/harbour.png": ("a harbour, boats at rest", False),
    "/uploads/sampleinputs/meadow.png": ("a meadow with poppies", False),
}


@lru_cache(maxsize=len(PICTURES))
def catalogue_picture(path: str) -> bytes | None:
    """Return the PNG at this address, None if there is none; it takes its time."""
    if path not in PICTURES:
        return None
    words, in_pencil = PICTURES[path]
    scene = Scene("catalogue", words, 1, *SIZE)
    return draw(scene) if in_pencil else paint(scene, None)
