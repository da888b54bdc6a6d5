export const en = {
  'board.new': 'New whiteboard',
  'board.name': 'Whiteboard name',
  'board.label': 'Whiteboard',
  'board.reading': 'Read only',
  'board.readingText': 'You can look at this board but not change it.',
  'board.pictureFailed': 'The picture could not be saved: {{name}}',
  'board.version': 'Version {{number}}',
  'board.backToNow': 'Back to the present board',
};
