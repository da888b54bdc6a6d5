// The other side of `engine.ts`.
import { answers, type Answer, type Question } from './answers';

const questions = answers();

self.onmessage = ({ data }: MessageEvent<Question>) => {
  const { id, what, given } = data;
  let answer: Answer;
  try {
    answer = { id, value: (questions[what] as (...given: unknown[]) => unknown)(...given) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};
