"""The seed's own page, opened in a browser as it was given but for the address and the token."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.sandbox.raw import Caller, wait_for
from wiro_widgets.sandbox import SandboxServer

PAGE = Path(__file__).parent / "seed" / "page.html"
TOKEN = "eDcCm5yyUfIvMFspTwww49OUfgXkQt"


def test_the_seeds_page_shows_the_pictures(page: Page) -> None:
    """It registers, prints every event of the task, shows the outputs, and hears the connection close."""
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    page.on("dialog", lambda dialog: dialog.dismiss())
    with SandboxServer(speed=1000, faults={"stuck": "queue"}) as server, Caller(server) as caller:
        receipt = caller.run(samples="2")
        html = PAGE.read_text(encoding="utf-8").replace(TOKEN, receipt["socketaccesstoken"])
        page.set_content(html.replace("wss://socket.wiro.ai/v1", server.socket_url))
        assert server._world is not None
        tasks = server._world.tasks
        wait_for(lambda: tasks.find(task_id=receipt["taskid"]), lambda task: bool(task and task.listeners))
        server.faults = None
        pictures = page.locator("#files img")
        expect(pictures).to_have_count(2)
        for picture in pictures.all():
            expect(picture).to_have_js_property("naturalWidth", 64)
        expect(page.locator("#debug")).to_contain_text("task_postprocess_end")
        with page.expect_event("dialog"):
            server.close()
    assert "Your task has been waiting in the queue." in lines
    assert "Your task postprocess has been completed." in lines
    assert not [line for line in lines if line.startswith("e: ")]
