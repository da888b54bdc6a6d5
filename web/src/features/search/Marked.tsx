import { Mark } from '@mantine/core';
import { Fragment } from 'react';

interface Props {
  text: string;
  /** Code point ranges, in order and without overlaps. */
  marks: [number, number][];
}

/** Text with the found words marked. */
export function Marked({ text, marks }: Props) {
  const characters = Array.from(text);
  const parts: React.ReactNode[] = [];
  let at = 0;
  for (const [start, end] of marks) {
    parts.push(<Fragment key={`t${at}`}>{characters.slice(at, start).join('')}</Fragment>);
    parts.push(<Mark key={`m${start}`}>{characters.slice(start, end).join('')}</Mark>);
    at = end;
  }
  return (
    <>
      {parts}
      {characters.slice(at).join('')}
    </>
  );
}
