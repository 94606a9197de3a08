/** A request found its slot passed at the moment of sending. Nothing was sent; whoever paces requests takes another slot. */
export class SlotMissed extends Error {
  override readonly name = 'SlotMissed';
}
