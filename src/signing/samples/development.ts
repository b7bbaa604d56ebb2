// Samples of code, deployments, incidents, identities and clouds.
import { instant, seconds, uuid, type Moment, type Sample, type Samples } from "./sample.ts";

const repository = { id: 1_296_269, name: "hello-world", full_name: "octocat/hello-world", private: false };
const sender = { login: "octocat", id: 1, type: "User" };

const github =
  (event: string, body: object) =>
  (moment: Moment): Sample => ({
    headers: {
      "x-github-event": event,
      "x-github-delivery": uuid(moment),
      "x-github-hook-id": "292430182",
      "user-agent": "GitHub-Hookshot/sample",
    },
    body: { ...body, repository, sender },
  });

const gitlab =
  (event: string, body: object) =>
  (moment: Moment): Sample => ({
    headers: {
      "x-gitlab-event": event,
      "x-gitlab-event-uuid": uuid(moment),
      "x-gitlab-instance": "https://gitlab.com",
    },
    body: { ...body, project: { id: 15, name: "hello-world", path_with_namespace: "octocat/hello-world" } },
  });

const standard =
  (type: string, data: object) =>
  (moment: Moment): Sample => ({
    body: { type, timestamp: instant(moment), data: { id: moment.id, ...data } },
  });

const clerk =
  (type: string, data: object) =>
  (moment: Moment): Sample => ({
    body: { object: "event", type, timestamp: moment.now, data: { id: `user_${moment.id}`, ...data } },
  });

const resend =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      type,
      created_at: instant(moment),
      data: { email_id: uuid(moment), from: "shop@example.com", to: ["jane@example.com"], subject: "Your order" },
    },
  });

const openai =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      object: "event",
      id: `evt_${moment.id}`,
      type,
      created_at: seconds(moment),
      data: { id: `resp_${moment.id}` },
    },
  });

const vercel =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      id: moment.id,
      type,
      createdAt: moment.now,
      payload: {
        deployment: { id: `dpl_${moment.id}`, name: "hello-world", url: "hello-world.vercel.app" },
        target: null,
      },
    },
  });

const sentry =
  (resource: string, action: string) =>
  (moment: Moment): Sample => ({
    headers: { "sentry-hook-resource": resource, "request-id": uuid(moment) },
    body: {
      action,
      installation: { uuid: uuid(moment) },
      data: { [resource]: { id: String(seconds(moment)), title: "TypeError: undefined is not a function" } },
      actor: { type: "application", id: "sentry", name: "Sentry" },
    },
  });

const linear =
  (type: string, action: string) =>
  (moment: Moment): Sample => ({
    headers: { "linear-event": type, "linear-delivery": uuid(moment) },
    body: {
      action,
      type,
      createdAt: instant(moment),
      data: { id: uuid(moment), title: "A sample issue", number: 42 },
      url: "https://linear.app/example/issue/EX-42",
      webhookTimestamp: moment.now,
    },
  });

const pagerduty =
  (type: string, status: string) =>
  (moment: Moment): Sample => ({
    body: {
      event: {
        id: moment.id,
        event_type: type,
        resource_type: "incident",
        occurred_at: instant(moment),
        data: { id: "PGR0VU2", type: "incident", number: 2, status, title: "A sample incident" },
      },
    },
  });

const sns = (moment: Moment): Sample => ({
  headers: { "x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": uuid(moment) },
  body: {
    Type: "Notification",
    MessageId: uuid(moment),
    TopicArn: "arn:aws:sns:eu-central-1:123456789012:sample",
    Subject: "A sample",
    Message: "Hello from a sample notification.",
    Timestamp: instant(moment),
  },
});

const okta =
  (eventType: string) =>
  (moment: Moment): Sample => ({
    body: {
      eventType: "com.okta.event_hook",
      eventTypeVersion: "1.0",
      cloudEventsVersion: "0.1",
      eventId: uuid(moment),
      eventTime: instant(moment),
      data: { events: [{ uuid: uuid(moment), published: instant(moment), eventType, severity: "INFO" }] },
    },
  });

const graph =
  (changeType: string) =>
  (moment: Moment): Sample => ({
    body: {
      value: [
        {
          id: moment.id,
          subscriptionId: uuid(moment),
          changeType,
          resource: "Users/sample/Messages/sample",
          clientState: "",
          tenantId: uuid(moment),
        },
      ],
    },
  });

export const DEVELOPMENT = {
  github: {
    push: github("push", { ref: "refs/heads/main", commits: [{ id: "7638417", message: "A sample commit" }] }),
    pull_request: github("pull_request", { action: "opened", number: 2, pull_request: { id: 1, state: "open" } }),
    issues: github("issues", { action: "opened", issue: { id: 1, number: 1, title: "A sample issue" } }),
    ping: github("ping", { zen: "Keep it logically awesome.", hook_id: 292_430_182 }),
  },
  gitlab: {
    "Push Hook": gitlab("Push Hook", { object_kind: "push", ref: "refs/heads/main", total_commits_count: 1 }),
    "Merge Request Hook": gitlab("Merge Request Hook", {
      object_kind: "merge_request",
      object_attributes: { iid: 1, action: "open", title: "A sample change" },
    }),
    "Pipeline Hook": gitlab("Pipeline Hook", {
      object_kind: "pipeline",
      object_attributes: { id: 31, status: "success" },
    }),
  },
  standard_webhooks: { "contact.created": standard("contact.created", { email: "jane@example.com" }) },
  svix: { "invoice.paid": standard("invoice.paid", { amount: 2_000, currency: "eur" }) },
  clerk: {
    "user.created": clerk("user.created", { first_name: "Jane", last_name: "Doe" }),
    "user.deleted": clerk("user.deleted", { deleted: true }),
  },
  resend: { "email.delivered": resend("email.delivered"), "email.bounced": resend("email.bounced") },
  openai: {
    "response.completed": openai("response.completed"),
    "batch.completed": openai("batch.completed"),
  },
  vercel: {
    "deployment.succeeded": vercel("deployment.succeeded"),
    "deployment.error": vercel("deployment.error"),
  },
  sentry: { issue: sentry("issue", "created"), error: sentry("error", "created") },
  linear: { Issue: linear("Issue", "create"), Comment: linear("Comment", "create") },
  pagerduty: {
    "incident.triggered": pagerduty("incident.triggered", "triggered"),
    "incident.resolved": pagerduty("incident.resolved", "resolved"),
  },
  aws_sns: { Notification: sns },
  okta: {
    "user.lifecycle.create": okta("user.lifecycle.create"),
    "user.session.start": okta("user.session.start"),
  },
  microsoft_graph: { created: graph("created"), updated: graph("updated") },
} satisfies Record<string, Samples>;
