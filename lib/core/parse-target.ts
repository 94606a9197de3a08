import type { DeliveryTarget, TargetHttpParameters } from './delivery.ts';
import type { MapBounds, MemberReader, TextBounds } from './member-reader.ts';

// Bounds of the EventBridge service model. Its patterns are full matches; those below accept the same in linear time.
const targetId: TextBounds = { min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ };
const targetInput: TextBounds = { max: 8192 };
const inputPath: TextBounds = { max: 256 };
const inputTemplate: TextBounds = { min: 1, max: 8192 };
const pathParameter: TextBounds = { pattern: /^(?!\s*$).+$/ };
/**
 * Parameters of one kind. The model has no bound, but each may be a path that goes through the whole event, on a worker that
 * has other deliveries in hand; 100 is the model's own bound for the paths of a transformer.
 */
const maxParameters = 100;
const printableText = /^[^\u0000-\u001f\u007f]+$/;
export const arnText: TextBounds = { min: 1, max: 1600, pattern: printableText };

const inputPathsMap: MapBounds = {
  maxEntries: 100,
  key: { min: 1, max: 256, pattern: /^[A-Za-z0-9_-]+$/ },
  value: inputPath,
};
const headerParameters: MapBounds = {
  maxEntries: maxParameters,
  key: { max: 512, pattern: /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/ },
  value: { max: 512, pattern: /^(?=\t*[\x20-\x7E])[\t\x20-\x7E]+$/ },
};
const queryStringParameters: MapBounds = {
  maxEntries: maxParameters,
  key: { max: 512, pattern: printableText },
  value: { max: 512, pattern: /^[^\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f]+$/ },
};

/** A target in EventBridge's own shape. Members that a delivery does not need are ignored. */
export function parseTarget(target: MemberReader): DeliveryTarget {
  const ways = ['Input', 'InputPath', 'InputTransformer'].filter((name) => target.has(name));
  if (ways.length > 1) {
    return target.refuse(ways.map((name) => target.pathOf(name)).join(' and '), 'exclude each other');
  }
  const transformer = target.optionalObject('InputTransformer');
  const httpParameters = target.optionalObject('HttpParameters');
  const retryPolicy = target.optionalObject('RetryPolicy');
  const deadLetterConfig = target.optionalObject('DeadLetterConfig');
  return present<DeliveryTarget>({
    Id: target.optionalText('Id', targetId),
    Arn: target.optionalText('Arn', arnText),
    Input: target.optionalText('Input', targetInput),
    InputPath: target.optionalText('InputPath', inputPath),
    InputTransformer:
      transformer === undefined
        ? undefined
        : present({
            InputPathsMap: transformer.optionalTextMap('InputPathsMap', inputPathsMap),
            InputTemplate: transformer.text('InputTemplate', inputTemplate),
          }),
    HttpParameters: httpParameters === undefined ? undefined : parseHttpParameters(httpParameters),
    RetryPolicy:
      retryPolicy === undefined
        ? undefined
        : present({
            MaximumRetryAttempts: retryPolicy.optionalInteger('MaximumRetryAttempts', 0, 185),
            MaximumEventAgeInSeconds: retryPolicy.optionalInteger('MaximumEventAgeInSeconds', 60, 86_400),
          }),
    DeadLetterConfig:
      deadLetterConfig === undefined ? undefined : present({ Arn: deadLetterConfig.optionalText('Arn', arnText) }),
  });
}

function parseHttpParameters(parameters: MemberReader): TargetHttpParameters {
  return present<TargetHttpParameters>({
    PathParameterValues: parameters.optionalTextList('PathParameterValues', pathParameter, maxParameters),
    HeaderParameters: parameters.optionalTextMap('HeaderParameters', headerParameters),
    QueryStringParameters: parameters.optionalTextMap('QueryStringParameters', queryStringParameters),
  });
}

/** The object less its undefined members: an absent member is absent. */
function present<T extends object>(members: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
