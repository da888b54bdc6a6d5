// The colours that are offered. Strong ones for words, pale ones behind words and in table cells.
export const TEXT_COLORS = [
  '#000000', '#434343', '#666666', '#999999', '#c00000', '#e60012', '#e8590c', '#f08c00',
  '#2f9e44', '#0b7285', '#1971c2', '#1f3a93', '#6741d9', '#9c36b5', '#a61e4d', '#7a4b13',
] as const;

export const BACK_COLORS = [
  '#fff3a3', '#ffe066', '#ffd8a8', '#ffc9c9', '#fcc2d7', '#eebefa', '#d0bfff', '#bac8ff',
  '#a5d8ff', '#99e9f2', '#96f2d7', '#b2f2bb', '#d8f5a2', '#f1f3f5', '#dee2e6', '#ced4da',
] as const;
