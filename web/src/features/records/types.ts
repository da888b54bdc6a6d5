// What are archive fields made of? The shapes of the records API.
import type { DocumentView, PropertyKind, PropertyView, SearchHit } from '../../api/types';

export const PROPERTY_KINDS: PropertyKind[] = ['text', 'number', 'date', 'choice', 'choices'];

/** A field that the documents of a library have. */
export type Property = PropertyView;

export type PropertyInput = Pick<Property, 'name' | 'kind' | 'options' | 'required' | 'unique' | 'facet'>;

export interface Facet {
  key: string;
  label?: string | null;
  values: FacetValue[];
  /** How many different values there are, of which the most frequent are listed. */
  total_values: number;
}

export interface FacetValue {
  value: string;
  label: string;
  count: number;
}

export interface RecordsAnswer {
  total: number;
  rebuilding: unknown;
  items: SearchHit[];
  facets?: Facet[];
  next_cursor?: string | null;
}

/** The values of one field of a document, as the server writes them: numbers as decimals, dates as `YYYY-MM-DD`. */
export function valuesOf(document: DocumentView, propertyId: string): string[] {
  return document.properties?.find((one) => one.property_id === propertyId)?.values ?? [];
}
