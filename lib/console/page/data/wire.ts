/** A type of the AWS SDK as it is in JSON: the SDK turns times into dates, and the wire has seconds since 1970. */
export type Wire<Value> = Value extends Date
  ? number
  : Value extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : Value extends object
      ? { readonly [Name in keyof Value]: Wire<Value[Name]> }
      : Value;

/** Input and output of an operation, from the types of its command. */
export interface OperationOf<Input, Output> {
  readonly input: Wire<Input>;
  readonly output: Wire<Omit<Output, '$metadata'>>;
}
