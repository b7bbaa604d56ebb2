// The examples that providers publish on their pages.
import { describe, expect, it } from "vitest";
import { configured, judge } from "./judge.ts";
import { NOW, type SignedRequest } from "./signer.ts";

const ours = async (type: string, request: SignedRequest, secret: string, at = NOW): Promise<boolean> =>
  (await judge(request, configured(type), { secrets: [secret], at })).ok;

describe("a published example is accepted", () => {
  it("Standard Webhooks: the vector of its libraries", async () => {
    const request = {
      headers: {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
      },
      body: '{"test": 2432232314}',
    };
    expect(await ours("standard_webhooks", request, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1_614_265_330)).toBe(
      true,
    );
  });

  it("GitHub: Hello, World!", async () => {
    const request = {
      headers: { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
      body: "Hello, World!",
    };
    expect(await ours("github", request, "It's a Secret to Everybody")).toBe(true);
  });

  it("Slack: the slash command", async () => {
    const request = {
      headers: {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      },
      body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    };
    expect(await ours("slack", request, "8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618)).toBe(true);
  });

  it.each([
    ["0/KCTR6DLpKmkAf8muzZqo1nDgQ=", "%2B12349013030"],
    ["RSOYDt4T1cUTdK1PDd93/VVr8B8=", "%2B14158675309"],
  ])("Twilio: %s", async (signature, caller) => {
    const request = {
      url: "https://mycompany.com/myapp.php?foo=1&bar=2",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
      body: `CallSid=CA1234567890ABCDE&Caller=${caller}&Digits=1234&From=${caller}&To=%2B18005551212`,
    };
    expect(await ours("twilio", request, "12345")).toBe(true);
    expect(await ours("twilio", { ...request, body: request.body.replace("1234&", "1235&") }, "12345")).toBe(false);
  });

  it("Adyen: the example of its HMAC page", async () => {
    const item = {
      pspReference: "7914073381342284",
      merchantAccountCode: "TestMerchant",
      merchantReference: "TestPayment-1407325143704",
      amount: { value: 1130, currency: "EUR" },
      eventCode: "AUTHORISATION",
      success: "true",
      additionalData: { hmacSignature: "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=" },
    };
    const body = JSON.stringify({ notificationItems: [{ NotificationRequestItem: item }] });
    const key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    expect(await ours("adyen", { headers: {}, body }, key)).toBe(true);
    const two = JSON.stringify({
      notificationItems: [
        { NotificationRequestItem: item },
        { NotificationRequestItem: { ...item, success: "false" } },
      ],
    });
    expect(await ours("adyen", { headers: {}, body: two }, key)).toBe(false);
  });
});
