"""The published client of Capture, janrain-python-api, against the address in the first argument.

Every operation that it can call is called, signed and with the secret in the body. Mails are read from the
folder in the second argument.
"""

import email
import pathlib
import re
import sys
import time

from janrain.capture import Api
from janrain.capture.exceptions import ApiResponseError

SECRET = "everybody-knows-this-demo-secret"
BACK = "https://app.example/back"
READ = set()
ADDRESS, OUTBOX = sys.argv[1], pathlib.Path(sys.argv[2])


def api(client, signs=True):
    defaults = {"client_id": client, "client_secret": SECRET}
    return Api(ADDRESS, defaults, sign_requests=signs)


def refused(wanted, client, call, /, **params):
    try:
        client.call(call, **params)
    except ApiResponseError as error:
        assert error.code == wanted, (call, error.code, str(error))
        return error.response
    raise AssertionError(f"{call} is not refused")


def mailed(address, parameter):
    """The value of a parameter in a mail to this address that was not read before, and may be on its way still."""
    for _ in range(600):
        for file in sorted(OUTBOX.glob("*.eml"), key=lambda file: file.stat().st_mtime, reverse=True):
            message = email.message_from_bytes(file.read_bytes())
            if address not in message["To"]:
                continue
            text = message.get_payload(decode=True).decode("utf-8")
            found = re.search(rf"[?&]{parameter}=([a-z0-9]+)", text)
            if found and found.group(1) not in READ:
                READ.add(found.group(1))
                return found.group(1)
        time.sleep(0.05)
    raise AssertionError(f"no mail with {parameter}")


def run(signs):
    login, owner = api("demo-login", signs), api("owner", signs)
    n = "signed" if signs else "plain"
    address = f"ada-{n}@example.com"
    flow = {"flow": "standard", "flow_version": "1", "locale": "en-US", "redirect_uri": BACK}

    made = login.call(
        "/oauth/register_native_traditional", form="registrationForm", emailAddress=address,
        newPassword="Engine1843", newPasswordConfirm="Engine1843", firstName="Ada", lastName="Løvelace 語",
        **flow)
    user, token = made["capture_user"], made["access_token"]
    assert (user["email"], user["familyName"]) == (address, "Løvelace 語"), user
    verified = owner.call("/access/useVerificationCode", verification_code=mailed(address, "verification_code"))
    assert verified["uuid"] == user["uuid"]

    again = refused(
        380, login, "/oauth/register_native_traditional", form="registrationForm", emailAddress=address,
        newPassword="Engine1843", newPasswordConfirm="Engine1843", **flow)
    assert again["existing_provider"] == "capture"
    signing = {"form": "signInForm", "signInEmailAddress": address, **flow}
    refused(210, login, "/oauth/auth_native_traditional", currentPassword="wrong", **signing)
    both = login.call(
        "/oauth/auth_native_traditional", currentPassword="Engine1843", response_type="code_and_token",
        **signing)
    assert both["capture_user"]["emailVerified"]

    # With a token the client sends nothing but that.
    user_api = Api(ADDRESS, {"access_token": token})
    assert user_api.call("/entity")["result"]["uuid"] == user["uuid"]
    user_api.call("/oauth/update_profile_native", form="editProfileForm", firstName="Augusta", optIn=True, **flow)
    record = owner.call("/entity", uuid=user["uuid"], type_name="user")["result"]
    assert (record["givenName"], record["optIn"]["status"]) == ("Augusta", True), record
    part = owner.call("/entity", key_attribute="email", key_value=f'"{address}"', attributes=["email", "id"])
    assert part["result"] == {"email": address, "id": record["id"]}, part
    user_api.call(
        "/oauth/update_profile_native", form="changePasswordForm", currentPassword="Engine1843",
        newPassword="Engine1844", newPasswordConfirm="Engine1844", **flow)

    # Codes and tokens for others.
    access = owner.call("/access/getAccessToken", uuid=user["uuid"], type_name="user")["accessToken"]
    assert Api(ADDRESS, {"access_token": access}).call("/entity")["result"]["email"] == address
    made = owner.call(
        "/access/getAuthorizationCode", id=record["id"], redirect_uri=BACK, for_client_id="demo-login",
        transaction_state={"cart": [1, 2]})
    redeem = {"grant_type": "authorization_code", "redirect_uri": BACK}
    refused(200, owner, "/oauth/token", code=made["authorizationCode"], **redeem)
    tokens = login.call("/oauth/token", code=made["authorizationCode"], **redeem)
    assert tokens["transaction_state"] == {"cart": [1, 2]} and tokens["expires_in"] == 3600, tokens
    tokens = login.call("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert tokens["access_token"] and tokens["refresh_token"]
    code = owner.call("/access/getVerificationCode", uuid=user["uuid"], attribute_name="emailVerified")
    code = code["verification_code"]
    owner.call("/access/useVerificationCode", verification_code=code)
    wrong = refused(200, owner, "/access/useVerificationCode", verification_code=code)
    assert wrong["error_description"] == "verification code not recognized"
    assert owner.call("/access/getCreationToken", type_name="user")["creation_token"]
    refused(403, login, "/access/getAccessToken", uuid=user["uuid"])
    refused(402, Api(ADDRESS, {"client_id": "owner", "client_secret": "x" * 32}, sign_requests=signs),
            "/access/getAccessToken", uuid=user["uuid"])

    # A new password by mail.
    login.call("/oauth/forgot_password_native", form="forgotPasswordForm", signInEmailAddress=address, **flow)
    tokens = login.call("/oauth/token", code=mailed(address, "code"), **redeem)
    assert tokens["transaction_state"]["capture"]["password_recover"] is True, tokens
    Api(ADDRESS, {"access_token": tokens["access_token"]}).call(
        "/oauth/update_profile_native", form="newPasswordForm", newPassword="Engine1845",
        newPasswordConfirm="Engine1845", **flow)
    login.call("/oauth/auth_native_traditional", currentPassword="Engine1845", **signing)
    login.call(
        "/oauth/verify_email_native", form="resendVerificationForm", signInEmailAddress="demo@example.com",
        **flow)


run(True)
run(False)
print("done")
