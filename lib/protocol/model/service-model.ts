/** A service model: operations and shapes with their constraints, in the form of the JSON files in `models/`. */
export interface ServiceModel {
  readonly operations: Readonly<Record<string, ModelOperation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

interface ModelOperation {
  /** Name of the structure that is the operation's input. */
  readonly input: string;
  /** Method and path in restJson1, such as `/v1/apis/{apiId}/apikeys`. */
  readonly http: { readonly method: string; readonly requestUri: string };
}

/** A member of a structure. A member without a location is sent in the body. */
export interface Member {
  readonly shape: string;
  readonly location?: 'uri' | 'querystring';
  readonly locationName?: string;
}

export type Shape =
  | StructureShape
  | ListShape
  | MapShape
  | StringShape
  | IntegerShape
  | DoubleShape
  | BooleanShape
  | TimestampShape;

interface AnyShape {
  /** Values of a sensitive shape appear in no message. */
  readonly sensitive?: boolean;
}

export interface StructureShape extends AnyShape {
  readonly type: 'structure';
  readonly required?: readonly string[];
  readonly members: Readonly<Record<string, Member>>;
}

/** Minimum and maximum: of the value of a number, or of the length of a text, list or map. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export interface ListShape extends AnyShape, Bounds {
  readonly type: 'list';
  readonly member: string;
}

export interface MapShape extends AnyShape, Bounds {
  readonly type: 'map';
  readonly key: string;
  readonly value: string;
}

interface StringShape extends AnyShape, Bounds {
  readonly type: 'string';
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

/** An integer has 32 bits. A `long` has only 53, because a JSON number can hold no more bits exactly. */
interface IntegerShape extends AnyShape, Bounds {
  readonly type: 'integer' | 'long';
}

interface DoubleShape extends AnyShape, Bounds {
  readonly type: 'double';
}

interface BooleanShape extends AnyShape {
  readonly type: 'boolean';
}

interface TimestampShape extends AnyShape {
  readonly type: 'timestamp';
}

/** @throws Error when the model has no such shape, which means that the file of the model is broken */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = Object.hasOwn(model.shapes, name) ? model.shapes[name] : undefined;
  if (shape === undefined) throw new Error(`The service model has no shape ${name}.`);
  return shape;
}

/** The shapes that a shape directly consists of. */
export function partsOf(shape: Shape): readonly string[] {
  switch (shape.type) {
    case 'structure':
      return Object.values(shape.members).map((member) => member.shape);
    case 'list':
      return [shape.member];
    case 'map':
      return [shape.key, shape.value];
    default:
      return [];
  }
}

/** Whether a value of this shape is sensitive or can contain a sensitive value. */
export function isConcealed(model: ServiceModel, name: string): boolean {
  const shape = shapeOf(model, name);
  return shape.sensitive === true || partsOf(shape).some((part) => isConcealed(model, part));
}

/** A member's name in messages: `AuthorizationType` becomes `authorizationType`. */
export function lowerCamel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
