/** What a person can do about each failure code. The reference of the guide says more about each. */
export const remedies: Readonly<Record<string, string>> = {
  InvalidJson:
    "Look at the template of the rule's input transformer. Quotes around a placeholder break the JSON when its value is an object.",
  InvalidDelivery:
    'Correct the input transformer of the rule: it must make an envelope. The message names the wrong member.',
  InvalidInvocation:
    "Correct the target's settings or the endpoint of the API destination. The message names the place. Then redrive.",
  DeliveryTooLarge: 'Send a smaller event, for example a reference to an object in S3.',
  MessageRefused: "Correct the attributes of the delivery queue. The reason shows SQS's error code. Then redrive.",
  OrderUnavailable: 'Deploy the stack with the parameter orderedDeliveries, or remove Order. Then redrive.',
  EventExpired: 'Raise the age limit or the rate of the API destination. If the endpoint was down, redrive.',
  NewerVersion: 'Deploy the newer version of Lastmile again.',
  ReceivedTooOften: 'See the errors and the throttles of the function deliver-queued. Then redrive.',
  ApiDestinationNotFound: 'Create the API destination, or correct its name in the rule. Then redrive.',
  ConnectionNotFound: 'Create a connection and let the API destination use it. Then redrive.',
  HostNotAllowed:
    "Move the API destination, or add the host to the allowed hosts of the connection's policy. Then redrive.",
  ConnectionDeauthorized: 'Give the connection new credentials. Its page says why it was deauthorized. Then redrive.',
  ConnectionNotReady: 'Wait until the connection is authorized. Its page shows its state. Then redrive.',
  SecretNotFound: 'Create the secret again, or name another one. Then redrive.',
  InvalidSecret: 'Correct the members of the secret, or give the connection new credentials. Then redrive.',
  InvalidPolicySecret: 'Store a correct value in the secret that the policy names. Then redrive.',
  HandshakeRefused:
    'Let the endpoint answer OPTIONS with WebHook-Allowed-Origin, or remove WebhookRequestOrigin from the delivery policy. Then redrive.',
  StoreUnavailable: 'DynamoDB, SQS or Secrets Manager did not answer or throttled. Redrive when it answers again.',
  StoreRefused: "Allow the functions' role this call. Then redrive.",
  CredentialsChanged: 'The credentials or the API destination changed during the attempt. Redrive.',
  TokenUnavailable: 'Repair the token endpoint, or correct its address in the connection. Then redrive.',
  TokenInvalid: 'Look at the answer of the token endpoint: it must be JSON with access_token. Then redrive.',
  TokenRefused: 'Give the connection new client credentials. Then redrive.',
  AddressRefused: 'If the address is yours, name its range in PRIVATE_NETWORK_ALLOWLIST. Then redrive.',
  DnsFailed: 'Correct the host name, or its DNS records. Then redrive.',
  ConnectionRefused: 'Start the endpoint, or correct the port. Then redrive.',
  ConnectionFailed:
    'Check routes and security groups. If a proxy refused the request, the reason shows its answer. Then redrive.',
  ConnectionReset: 'See the log of the endpoint or of its load balancer. Then redrive.',
  TlsFailed: 'Correct the certificate of the endpoint, or name its authority in the delivery policy. Then redrive.',
  AnswerInvalid: 'See what answers at that port: it may speak another protocol. Then redrive.',
  TimedOut: 'Raise the timeout in the delivery policy, or make the endpoint answer first and work later. Then redrive.',
  OutOfTime: 'Nothing is wrong with the event. Redrive.',
  EndpointUnauthorized: 'Give the connection the right credentials. Then redrive.',
  EndpointThrottled: 'Lower the rate limit of the API destination. Then redrive with a low rate.',
  EndpointFailed: 'Repair the endpoint. The delivery shows its answer. Then redrive.',
  EndpointRejected: 'Correct the request or the endpoint. The delivery shows its answer. Then redrive.',
};

const unknownCode = 'The reason names the cause. Fix it, then redrive.';

export function remedyFor(code: string | undefined): string {
  return (code === undefined ? undefined : remedies[code]) ?? unknownCode;
}

/** The reason of a dead letter without its code, which is shown beside it. */
export function reasonOf({ Code, ErrorMessage }: { readonly Code?: string; readonly ErrorMessage?: string }): string {
  const reason = ErrorMessage ?? 'The message does not say.';
  return Code !== undefined && reason.startsWith(`${Code}: `) ? reason.slice(Code.length + 2) : reason;
}
