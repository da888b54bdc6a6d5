// What are archive fields made of? The shapes of the records API.
import type { DocumentView, FacetView, PropertyKind, PropertyView, SearchView } from '../../api/types';

export const PROPERTY_KINDS: PropertyKind[] = ['text', 'number', 'date', 'choice', 'choices'];

/** A field that the documents of a library have. */
export type Property = PropertyView;

export type PropertyInput = Pick<Property, 'name' | 'kind' | 'options' | 'required' | 'unique' | 'facet'>;

export type Facet = FacetView;
export type RecordsAnswer = SearchView;

/** The values of one field of a document, as the server writes them: numbers as decimals, dates as `YYYY-MM-DD`. */
export function valuesOf(document: DocumentView, propertyId: string): string[] {
  return document.properties?.find((one) => one.property_id === propertyId)?.values ?? [];
}
