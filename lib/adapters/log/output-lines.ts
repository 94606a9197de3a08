/**
 * Gathers the lines of one turn of the event loop into one write, because a write costs as much as what stands in it.
 *
 * Failure policy: a process that is killed loses the lines of its last turn; one that ends in any other way does not. A frozen
 * one loses none: Lambda freezes after the answer was fetched, which takes further turns.
 *
 * @param write takes text of whole lines
 */
export function createOutputLines(write: (text: string) => void): (line: string) => void {
  let gathered = '';

  function flush(): void {
    process.off('exit', flush);
    const text = gathered;
    gathered = '';
    if (text !== '') write(text);
  }

  return (line) => {
    if (gathered === '') {
      setImmediate(flush);
      process.on('exit', flush);
    }
    gathered += line;
  };
}
