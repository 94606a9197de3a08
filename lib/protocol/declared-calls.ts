import type { JsonObject } from '../core/input/json.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import type { ChosenIdentity, ControlCalls } from '../ports/resources.ts';
import type { LogFault } from './access.ts';
import { describeFault, toServiceError } from './access.ts';
import type { Operations, RequestContext } from './control-request.ts';
import { createEventsInputReader } from './model/events-input.ts';
import { createRestModel, noDepartures } from './model/rest-json-model.ts';
import type { ServiceModel } from './model/service-model.ts';
import { appsyncModel, eventsModel, lastmileModel } from './model/service-models.ts';
import { withModelTypes } from './model/typed-texts.ts';
import { readLastmileInput } from './routes.ts';

export interface DeclaredDependencies {
  /** The operations of EventBridge. */
  readonly operations: Operations;
  /** The operations that only Lastmile has. */
  readonly lastmileOperations: Operations;
  /** The operations of AppSync. */
  readonly apiKeyOperations: Operations;
  readonly logFault: LogFault;
}

interface Service {
  readonly operations: Operations;
  readonly model: ServiceModel;
  readonly readInput: (operation: string, input: JsonObject) => JsonObject;
}

// An unknown property is refused, because CloudFormation refuses it in a type of its own.
const readDeclaredEventsInput = createEventsInputReader({ refusesUnknownMembers: true });
const declaredAppSync = createRestModel(appsyncModel, { ...noDepartures, refusesUnknownMembers: true });

/** The operations of the control API for the properties of a CloudFormation template. */
export function createDeclaredCalls(dependencies: DeclaredDependencies, context: RequestContext): ControlCalls {
  const { operations, lastmileOperations, apiKeyOperations, logFault } = dependencies;
  const services: readonly Service[] = [
    { operations, model: eventsModel, readInput: readDeclaredEventsInput },
    { operations: lastmileOperations, model: lastmileModel, readInput: readLastmileInput },
    { operations: apiKeyOperations, model: appsyncModel, readInput: declaredAppSync.readInput },
  ];

  async function perform(name: string, input: JsonObject, identity: ChosenIdentity | undefined): Promise<JsonObject> {
    const service = services.find((candidate) => Object.hasOwn(candidate.operations, name));
    const operation = service?.operations[name];
    if (service === undefined || operation === undefined) {
      throw new ServiceError('UnknownOperationException', `The control API has no operation ${name}.`);
    }
    const checked = service.readInput(name, withModelTypes(service.model, name, input));
    return await operation(checked, identity === undefined ? context : { ...context, identity });
  }

  return {
    async call(name, input, identity) {
      try {
        return await perform(name, input, identity);
      } catch (error) {
        const refusal = toServiceError(error);
        if (refusal.code === 'InternalException') logFault(describeFault(error, name, context.requestId));
        throw refusal;
      }
    },
  };
}
