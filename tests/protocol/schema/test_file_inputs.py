"""File inputs that a description calls plain strings, and where their URLs go (docs/protocol.md, Files)."""

from typing import Any

import pytest

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import Upload, run
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema

UPLOAD = Upload("a.png", "image/png", b"x")
URLS = ["https://x.test/1.pdf", "https://x.test/2,3.pdf"]


def _schema(properties: dict[str, Any], *required: str) -> ModelSchema:
    fields = {name: {"type": "string", **item} for name, item in properties.items()}
    body = {"schema": {"type": "object", "required": list(required), "properties": fields}}
    post = {"requestBody": {"content": {"application/json": body}}}
    return ModelSchema.from_openapi({"paths": {"/Run/a/b": {"post": post}}})


def _parameter(schema: ModelSchema, name: str) -> Parameter:
    parameter = schema.get(name)
    assert parameter is not None
    return parameter


@pytest.mark.parametrize(
    ("name", "sibling", "style"),
    [
        ("inputImage", "inputImageUrl", "single"),
        ("inputDocumentMultiple", "inputDocumentUrlMultiple", "multi"),
        ("inputDocumentMultiple", "inputDocumentMultipleUrl", "multi"),
        ("input_video", "input_video_url", "single"),
        ("images", "imageUrls", "multi"),
        ("referenceImages", "referenceImagesUrl", "multi"),
        ("mask", "maskURL", "single"),
        ("speaker-audio", "speaker-audio-url", "single"),
        ("upload", "uploadUrl", "single"),
    ],
)
def test_a_sibling_for_urls_is_the_sign_of_a_file(name: str, sibling: str, style: str) -> None:
    """Also where the id ends in Multiple; the sibling itself stays a text, out of the way."""
    schema = _schema({name: {}, "prompt": {}, sibling: {}})
    parameter = _parameter(schema, name)
    assert (parameter.kind, parameter.file_style, parameter.url_field) == ("file", style, sibling)
    other = _parameter(schema, sibling)
    assert (other.kind, other.url_of, other.advanced) == ("text", name, True)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("inputImage", {}),
        ("inputImageHuman", {"title": "Human Image"}),
        ("inputImage2", {"description": "For text guided editing."}),
        ("maskImage", {"format": "uri"}),
        ("referenceVideo", {}),
        ("document", {"format": "uri", "description": "What to summarize"}),
        ("image", {"description": "URL of the image to edit"}),
        ("audio", {"description": "An audio file of at most 30 s."}),
        ("garment", {"description": "Upload the photo of the garment."}),
        ("face", {"description": "Optional. Upload a picture of a face"}),
        ("sample", {"format": "binary"}),
        ("anything", {"contentMediaType": "application/octet-stream"}),
        ("initImage", {"default": "https://x.test/a.png"}),
    ],
)
def test_what_name_and_description_say(name: str, facts: dict[str, str]) -> None:
    """A file, though no sibling tells so."""
    assert _parameter(_schema({name: facts}), name).kind == "file"


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("imagePrompt", {}),
        ("imagePrompt", {"description": "Describe the image to upload"}),
        ("prompt", {"description": "Upload an image and describe it."}),
        ("file_format", {"description": "Format of the image file"}),
        ("fileName", {}),
        ("outputImage", {"format": "uri"}),
        ("outputFile", {"description": "Image file to write"}),
        ("numImages", {}),
        ("image_count", {}),
        ("imageSize", {}),
        ("videoLength", {}),
        ("inputImageStrength", {}),
        ("generateAudio", {}),
        ("useMask", {}),
        ("document", {"description": "The words to summarize"}),
        ("image", {"description": "Whether there is one"}),
        ("speaker", {"description": "Who speaks in the audio file"}),
        ("style", {"description": "Style of the uploaded image"}),
        ("voice", {"description": "Id of the voice"}),
        ("callbackUrl", {"format": "uri"}),
        ("website", {"format": "uri"}),
        ("inputImage", {"default": "auto"}),
        ("inputImage", {"enum": ["first", "last"]}),
        ("video_id", {}),
        ("caption", {"description": "Caption of the video file"}),
        ("imageUrl", {"format": "uri"}),
    ],
)
def test_what_is_no_file(name: str, facts: dict[str, Any]) -> None:
    """Doubt leaves a field that words can be typed into."""
    assert _parameter(_schema({name: facts}), name).kind != "file"


@pytest.mark.parametrize(
    ("name", "sibling", "facts"),
    [
        ("product", "productUrl", {"description": "Name of the product"}),
        ("website", "websiteUrl", {}),
        ("prompt", "promptUrl", {}),
        ("callback", "callbackUrl", {}),
        ("model", "modelUrl", {}),
    ],
)
def test_a_text_beside_an_address_is_a_text(name: str, sibling: str, facts: dict[str, str]) -> None:
    """The sibling is no sign where the words of the field itself say that it takes words."""
    assert _parameter(_schema({name: facts, sibling: {}}), name).kind in ("text", "textarea")


def test_numbers_of_files() -> None:
    """Several are taken where the type or the words say so."""
    files = {
        "inputImage": {"description": "Up to 4 pictures"},
        "inputVideo": {},
        "photos": {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": 3},
    }
    schema = _schema(files)
    several = [(_parameter(schema, name).multiple, _parameter(schema, name).max_files) for name in files]
    assert several == [(True, 4), (False, None), (True, 3)]


@pytest.mark.parametrize("required", [("inputImage",), ("inputImageUrl",), ("inputImage", "inputImageUrl")])
def test_a_required_file_or_its_url(required: tuple[str, ...]) -> None:
    """Whichever the description requires, one of the two is enough and none is too few."""
    schema = _schema({"inputImage": {}, "inputImageUrl": {}}, *required)
    assert schema.bind({"inputImageUrl": URLS[0]}) == {"inputImageUrl": URLS[0]}
    assert schema.bind({"inputImage": b"x"}) == {"inputImage": b"x"}
    assert schema.problems({"inputImageUrl": URLS[0]}) == {}
    with pytest.raises(InvalidParameter, match="inputImage: is required"):
        schema.bind({})
    with pytest.raises(InvalidParameter, match="not both"):
        schema.bind({"inputImage": b"x", "inputImageUrl": URLS[0]})


def test_where_one_file_or_its_url_goes() -> None:
    """The file into its own field, the URL into the sibling, the other one empty."""
    schema = _schema({"inputImage": {}, "inputImageUrl": {}})
    assert run("a/b", {"inputImage": URLS[1]}, schema).json == {"inputImage": "", "inputImageUrl": URLS[1]}
    parts = run("a/b", {"inputImage": UPLOAD}, schema).parts
    assert parts == (("inputImage", UPLOAD), ("inputImageUrl", ""))


@pytest.mark.parametrize("order", [("inputDocumentMultiple", "inputDocumentUrlMultiple"), None])
def test_where_several_files_and_urls_go(order: tuple[str, ...] | None) -> None:
    """The files into their own field, the URLs into the sibling that the description lists, in one text."""
    names = order or ("inputDocumentUrlMultiple", "inputDocumentMultiple")
    schema = _schema({name: {} for name in names})
    url_text = "https://x.test/1.pdf,https://x.test/2%2C3.pdf"
    request = run("a/b", {"inputDocumentMultiple": URLS}, schema)
    assert request.json == {"inputDocumentMultiple": "", "inputDocumentUrlMultiple": url_text}
    request = run("a/b", schema.bind({"inputDocumentMultiple": [UPLOAD, *URLS]}), schema)
    assert request.parts == (("inputDocumentMultiple", UPLOAD), ("inputDocumentUrlMultiple", url_text))
    bound = schema.bind({"inputDocumentUrlMultiple": URLS})
    assert bound == {"inputDocumentUrlMultiple": url_text}
    both = schema.bind({"inputDocumentMultiple": [UPLOAD, URLS[0]], "inputDocumentUrlMultiple": URLS[0]})
    assert dict(run("a/b", both, schema).parts)["inputDocumentUrlMultiple"] == f"{URLS[0]},{URLS[0]}"


def test_a_sibling_in_tool_detail() -> None:
    """It counts there as well."""
    items = [{"id": "clips", "type": "multifileinput"}, {"id": "clipsUrl", "type": "text"}]
    schema = ModelSchema.from_tool({"parameters": [{"items": items}]})
    assert _parameter(schema, "clips").url_field == "clipsUrl"


@pytest.mark.parametrize(
    ("label", "text", "limit"),
    [
        ("First Frame", "Optional.", 1),
        ("End image", "", 1),
        ("Garment Images", "Images of garments to try on (max. 2)", 2),
        ("References", "Limits: 0-5 images. Order matters.", 5),
        ("Photos", "Up to 4 reference pictures", 4),
        ("Image", "PNG or JPEG, max. 10 MB", None),
        ("Audio", "Up to 30 seconds.", None),
        ("Frames", "At most the frame rate is 0-30 fps", None),
        ("Image", "", None),
    ],
)
def test_a_limit_in_words(label: str, text: str, limit: int | None) -> None:
    """A number of files is one, a size or a duration is none, and a first frame is one file."""
    item = {"id": "inputImage", "type": "combinefileinput", "label": label, "note": text}
    tool = {"slugowner": "a", "slugproject": "b", "parameters": [{"title": "", "items": [item]}]}
    assert ModelSchema.from_tool(tool).parameters[0].max_files == limit
