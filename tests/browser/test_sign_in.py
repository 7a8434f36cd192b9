"""Second factors in a real browser: authenticator app, and passkeys with Chromium's virtual authenticator."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Server
from tests.teams.conftest import show_code

PASSWORD = "correct horse battery"


def open_account(server: Server, page: Page) -> str:
    """Signs in with the printed link and sets a password. Returns the server's address with a name, as passkeys need it."""
    link = server.link_of_prepared().replace("127.0.0.1", "localhost")
    page.goto(link)
    page.get_by_role("heading", name="Projects").wait_for()
    address = f"http://localhost:{server.port}"
    page.goto(f"{address}/account")
    page.get_by_role("link", name="Set a password").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    return address


def confirm(page: Page) -> None:
    page.get_by_role("heading", name="Confirm it's you").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def enter_password(page: Page) -> None:
    page.get_by_label("E-mail address").fill("owner@localhost")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.long
def test_authenticator_app_is_set_up_and_signs_in(fresh_server: Server, open_page: OpenPage):
    page = open_page()
    open_account(fresh_server, page)
    page.get_by_role("link", name="Set up").click()
    confirm(page)
    qr_code = page.get_by_alt_text("QR code")
    expect(qr_code).to_be_visible()
    assert qr_code.evaluate("image => image.naturalWidth") > 0
    page.get_by_text("Can't scan it?").click()
    secret = page.locator(".secret").inner_text()
    page.get_by_label("Code from the app").fill(show_code(secret, periods=-1))
    page.get_by_role("button", name="Turn on").click()

    expect(page.locator(".recovery-codes li")).to_have_count(10)
    codes = page.locator(".recovery-codes li").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "imageai-recovery-codes.txt"
    assert download.value.path().read_text().split() == codes

    sign_out(page)
    enter_password(page)
    page.get_by_role("heading", name="Enter your second factor").wait_for()
    page.get_by_label("Code").fill(show_code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    sign_out(page)
    enter_password(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Projects").wait_for()
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="Your account").click()
    expect(page.get_by_text("9 left, for when you don't have your other factors")).to_be_visible()


def test_passkey_signs_in_alone_and_as_second_factor(fresh_server: Server, open_page: OpenPage):
    page = open_page()
    address = open_account(fresh_server, page)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.get_by_role("link", name="Add", exact=True).click()
    confirm(page)
    page.get_by_label("Name").fill("Laptop")
    page.wait_for_load_state()  # the script that asks the authenticator comes last
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Passkey, no password needed")).to_be_visible()

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    sign_out(page)
    enter_password(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    page.goto(f"{address}/teams/1/second-factor")
    page.get_by_role("button", name="Require a second factor").click()
    expect(page.get_by_text("Required.")).to_be_visible()
    page.goto(f"{address}/account")
    page.get_by_role("link", name="Remove Laptop").click()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use your passkey").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("My team requires a second factor.")).to_be_visible()
    page.goto(f"{address}/projects/1")
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_hidden()
    expect(page.get_by_text("Passkey not recognised or timed out.")).to_be_visible()


@pytest.mark.long
def test_ip_address_explains_why_passkeys_dont_work(fresh_server: Server, open_page: OpenPage):
    page = open_page()
    page.goto(f"{fresh_server.address}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    note = page.get_by_role("alert")
    expect(note).to_have_text(
        re.compile(rf"IP address \(127\.0\.0\.1\)\. Open http://localhost:{fresh_server.port} instead\.")
    )
