"""Read a page as a browser would find it: its elements, their attributes, its text."""

from html.parser import HTMLParser

# What a browser is told: no script, nothing from a network, pictures that are in the page itself.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

CLIPS_POLICY = POLICY.replace("img-src data:;", "img-src data:; media-src data:;")  # of a page that plays clips


class Page(HTMLParser):
    """Collects what a page is made of, and checks that its elements close and keep to the page's policy."""

    VOID = {"meta", "img", "br", "wbr", "link", "input"}

    def __init__(self, text: str, policy: str = POLICY) -> None:
        super().__init__()
        self.policy = policy
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._take(tag, dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._take(tag, dict(attrs))

    def _take(self, tag, attributes):
        self.found.append((tag, attributes))
        if tag == "body":
            policies = [of for what, of in self.found if of.get("http-equiv") == "Content-Security-Policy"]
            assert [of["content"] for of in policies] == [self.policy]
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form")
        assert not [name for name in attributes if name.startswith("on")]
        picture = attributes.get("src") or (tag == "image" and attributes["href"])
        assert not picture or picture.startswith("data:video/webm" if tag == "video" else "data:image/")
        assert not attributes.get("href", "").startswith(("javascript:", "data:text"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
