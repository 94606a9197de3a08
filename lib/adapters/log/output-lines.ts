/**
 * Joins the lines of one turn of the event loop into one write, because each write is expensive.
 *
 * Failure policy: a process that is killed loses the lines of its last turn of the event loop. A process that ends in another
 * way loses no line. A frozen process loses no line either: before Lambda freezes a process, it fetches the function's answer,
 * and this takes further turns.
 *
 * @param write writes a text that consists of whole lines
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
