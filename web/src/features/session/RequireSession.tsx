import { Container } from '@mantine/core';
import { useEffect } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { tidyUp } from '../../offline/kept';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { CurrentUserContext, useSession } from './api';

/** Lets only signed-in users through; others go to the sign-in page and come back afterwards. */
export function RequireSession() {
  const session = useSession();
  const location = useLocation();
  const user = session.data?.id;
  useEffect(() => {
    if (user) void tidyUp(user);
  }, [user]);
  if (session.isPending) return <Loading height="100vh" />;
  if (session.data === undefined) {
    return (
      <Container size="xs" pt={120}>
        <ErrorNotice error={session.error} onRetry={() => void session.refetch()} />
      </Container>
    );
  }
  if (session.data === null) {
    const target = location.pathname + location.search + location.hash;
    return <Navigate to={target === '/' ? '/login' : `/login?next=${encodeURIComponent(target)}`} replace />;
  }
  return (
    <CurrentUserContext value={session.data}>
      <Outlet />
    </CurrentUserContext>
  );
}
