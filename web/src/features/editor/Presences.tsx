import { Avatar, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Presence } from './extensions';
import type { Room } from './room';

/** Colleagues in the room, each once however many windows they have open. */
function usePresences(room: Room): Presence[] {
  const [people, setPeople] = useState<Presence[]>([]);
  useEffect(() => {
    const { awareness } = room.provider;
    const update = () => {
      const byId = new Map<string, Presence>();
      for (const [client, state] of awareness.getStates()) {
        const user = state.user as Presence | undefined;
        if (user && client !== awareness.clientID) byId.set(user.id, user);
      }
      setPeople([...byId.values()]);
    };
    awareness.on('change', update);
    update();
    return () => awareness.off('change', update);
  }, [room]);
  return people;
}

/** One letter for a person: the given name's in Chinese, where it stands last, else the first. */
function initial(name: string): string {
  const characters = Array.from(name.trim());
  const letter = /\p{Script=Han}/u.test(name) ? characters.at(-1) : characters[0];
  return (letter ?? '').toUpperCase();
}

export function Presences({ room }: { room: Room }) {
  const { t } = useTranslation();
  const people = usePresences(room);
  if (people.length === 0) return null;
  return (
    <Avatar.Group spacing="xs" role="group" aria-label={t('editor.present', { count: people.length })}>
      {people.slice(0, 5).map((person) => (
        <Tooltip key={person.id} label={person.name}>
          <Avatar size="sm" radius="xl" alt={person.name} styles={{ placeholder: { background: person.color, color: '#fff' } }}>
            {initial(person.name)}
          </Avatar>
        </Tooltip>
      ))}
      {people.length > 5 && <Avatar size="sm" radius="xl">{`+${people.length - 5}`}</Avatar>}
    </Avatar.Group>
  );
}
