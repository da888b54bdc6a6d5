import { api } from '../../../api/client';
import type { Page } from '../../../api/types';

/** Somebody who may be mentioned. */
export interface Colleague {
  id: string;
  name: string;
  display_name: string;
}

/** People whose name has this part, those whose name begins with it first. */
export async function findColleagues(q: string, signal?: AbortSignal): Promise<Colleague[]> {
  return (await api.get<Page<Colleague>>('/colleagues', { q, limit: 8 }, signal)).items;
}
