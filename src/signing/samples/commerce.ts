// Samples of shops, payments and subscriptions.
import { instant, seconds, uuid, type Moment, type Sample, type Samples } from "./sample.ts";

const stripe =
  (type: string, object: object) =>
  (moment: Moment): Sample => ({
    body: {
      id: `evt_${moment.id}`,
      object: "event",
      api_version: "2025-03-31.basil",
      created: seconds(moment),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    },
  });
const money = { amount: 2_000, currency: "eur" };

const shopify =
  (topic: string, body: (moment: Moment) => object) =>
  (moment: Moment): Sample => ({
    headers: {
      "x-shopify-topic": topic,
      "x-shopify-webhook-id": uuid(moment),
      "x-shopify-shop-domain": "example.myshopify.com",
      "x-shopify-api-version": "2025-07",
      "x-shopify-triggered-at": instant(moment),
    },
    body: body(moment),
  });
const order = (moment: Moment): object => ({
  id: seconds(moment),
  admin_graphql_api_id: `gid://shopify/Order/${seconds(moment)}`,
  created_at: instant(moment),
  currency: "EUR",
  email: "jane@example.com",
  financial_status: "paid",
  name: "#1001",
  total_price: "20.00",
  line_items: [{ id: 1, title: "Sample product", quantity: 1, price: "20.00", sku: "SAMPLE-1" }],
});

const woocommerce =
  (topic: string) =>
  (moment: Moment): Sample => ({
    headers: {
      "x-wc-webhook-topic": topic,
      "x-wc-webhook-resource": topic.split(".")[0] ?? "",
      "x-wc-webhook-event": topic.split(".")[1] ?? "",
      "x-wc-webhook-delivery-id": moment.id,
      "x-wc-webhook-source": "https://shop.example.com/",
    },
    body: { id: seconds(moment), status: "processing", currency: "EUR", total: "20.00", line_items: [] },
  });

const square =
  (type: string, name: string) =>
  (moment: Moment): Sample => ({
    body: {
      merchant_id: "6SSW7HV8K2ST5",
      type,
      event_id: uuid(moment),
      created_at: instant(moment),
      data: {
        type: name,
        id: moment.id,
        object: { [name]: { id: moment.id, amount_money: { amount: 2_000, currency: "USD" }, status: "COMPLETED" } },
      },
    },
  });

const paddle =
  (type: string, status: string) =>
  (moment: Moment): Sample => ({
    body: {
      event_id: `evt_${moment.id}`,
      event_type: type,
      occurred_at: instant(moment),
      notification_id: `ntf_${moment.id}`,
      data: { id: `${type.startsWith("sub") ? "sub" : "txn"}_${moment.id}`, status, currency_code: "EUR", items: [] },
    },
  });

const chargebee =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      id: `ev_${moment.id}`,
      occurred_at: seconds(moment),
      source: "admin_console",
      object: "event",
      api_version: "v2",
      content: { subscription: { id: moment.id, status: "active", currency_code: "EUR" } },
      event_type: type,
      webhook_status: "scheduled",
    },
  });

const coinbase =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      id: seconds(moment),
      scheduled_for: instant(moment),
      event: {
        id: uuid(moment),
        resource: "event",
        type,
        api_version: "2018-03-22",
        created_at: instant(moment),
        data: { code: "SAMPLE", name: "Sample product", pricing_type: "fixed_price" },
      },
    },
  });

const razorpay =
  (event: string) =>
  (moment: Moment): Sample => ({
    headers: { "x-razorpay-event-id": moment.id },
    body: {
      entity: "event",
      account_id: "acc_Sample",
      event,
      contains: ["payment"],
      payload: { payment: { entity: { id: `pay_${moment.id}`, amount: 50_000, currency: "INR", status: "captured" } } },
      created_at: seconds(moment),
    },
  });

const paystack =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: {
      event,
      data: { id: seconds(moment), reference: moment.id, amount: 10_000, currency: "NGN", status: "success" },
    },
  });

const adyen =
  (eventCode: string) =>
  (moment: Moment): Sample => ({
    body: {
      live: "false",
      notificationItems: [
        {
          NotificationRequestItem: {
            amount: { currency: "EUR", value: 2_000 },
            eventCode,
            eventDate: instant(moment),
            merchantAccountCode: "SampleMerchant",
            merchantReference: `order-${moment.id}`,
            pspReference: moment.id,
            success: "true",
          },
        },
      ],
    },
  });

export const COMMERCE = {
  stripe: {
    "invoice.paid": stripe("invoice.paid", { id: "in_sample", object: "invoice", status: "paid", amount_paid: 2_000 }),
    "charge.succeeded": stripe("charge.succeeded", { id: "ch_sample", object: "charge", paid: true, ...money }),
    "payment_intent.succeeded": stripe("payment_intent.succeeded", {
      id: "pi_sample",
      object: "payment_intent",
      status: "succeeded",
      ...money,
    }),
    "checkout.session.completed": stripe("checkout.session.completed", {
      id: "cs_test_sample",
      object: "checkout.session",
      payment_status: "paid",
      status: "complete",
    }),
    "customer.subscription.deleted": stripe("customer.subscription.deleted", {
      id: "sub_sample",
      object: "subscription",
      status: "canceled",
    }),
  },
  shopify: {
    "orders/create": shopify("orders/create", order),
    "orders/paid": shopify("orders/paid", order),
    "products/update": shopify("products/update", (moment) => ({
      id: seconds(moment),
      title: "Sample product",
      status: "active",
      updated_at: instant(moment),
    })),
    "app/uninstalled": shopify("app/uninstalled", () => ({ id: 548_380_009, domain: "example.myshopify.com" })),
  },
  woocommerce: { "order.created": woocommerce("order.created"), "order.updated": woocommerce("order.updated") },
  square: {
    "payment.created": square("payment.created", "payment"),
    "refund.created": square("refund.created", "refund"),
  },
  paddle: {
    "transaction.completed": paddle("transaction.completed", "completed"),
    "subscription.created": paddle("subscription.created", "active"),
    "subscription.canceled": paddle("subscription.canceled", "canceled"),
  },
  chargebee: {
    subscription_created: chargebee("subscription_created"),
    payment_succeeded: chargebee("payment_succeeded"),
    subscription_cancelled: chargebee("subscription_cancelled"),
  },
  coinbase_commerce: { "charge:confirmed": coinbase("charge:confirmed"), "charge:failed": coinbase("charge:failed") },
  razorpay: { "payment.captured": razorpay("payment.captured"), "payment.failed": razorpay("payment.failed") },
  paystack: { "charge.success": paystack("charge.success"), "transfer.success": paystack("transfer.success") },
  adyen: { AUTHORISATION: adyen("AUTHORISATION"), CAPTURE: adyen("CAPTURE"), REFUND: adyen("REFUND") },
} satisfies Record<string, Samples>;
