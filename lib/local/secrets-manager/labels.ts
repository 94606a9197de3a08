import type { SecretStore } from './store.ts';
import { Refusal } from '../stack/wire.ts';

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';

/** The labels of one version, sorted by name. */
export function labelsOf(labels: ReadonlyMap<string, string>, version: string): string[] {
  return [...labels].filter(([, labelled]) => labelled === version).map(([label]) => label);
}

/** Returns each labelled version with its labels. A version without a label counts as deprecated and is left out. */
export function versionsByLabel(labels: ReadonlyMap<string, string>): Record<string, string[]> {
  const versions: Record<string, string[]> = {};
  for (const [label, version] of labels) (versions[version] ??= []).push(label);
  return versions;
}

/**
 * A label is on one version at a time. When AWSCURRENT moves, AWSPREVIOUS moves to the version that AWSCURRENT leaves.
 */
export function moveLabel(store: SecretStore, arn: string, label: string, version: string): void {
  const left = store.labels(arn).get(current);
  store.attachLabel(arn, label, version);
  if (label !== current || left === version) return;
  if (left !== undefined) store.attachLabel(arn, previous, left);
}

export interface LabelMove {
  readonly label: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** @throws Refusal InvalidParameterException unless the caller names the version that has the label now */
export function moveLabelExplicitly(store: SecretStore, arn: string, { label, from, to }: LabelMove): void {
  const at = store.labels(arn).get(label);
  if (from !== undefined && from !== at) {
    throw invalid(`The staging label ${label} is not attached to the version ${from}.`);
  }
  if (to === undefined) {
    if (from === undefined) throw invalid('Send MoveToVersionId, RemoveFromVersionId or both.');
    if (label === current) throw invalid(`The staging label ${current} can be moved to another version, not removed.`);
    return store.detachLabel(arn, label);
  }
  if (at !== undefined && at !== to && from === undefined) {
    throw invalid(
      `The staging label ${label} is attached to the version ${at}. Send that version in RemoveFromVersionId.`,
    );
  }
  moveLabel(store, arn, label, to);
}

function invalid(message: string): Refusal {
  return new Refusal('InvalidParameterException', message);
}
