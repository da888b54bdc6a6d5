import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { createMemoryRouter, RouterProvider, type RouteObject } from 'react-router';
import { queryClient } from '../api/queries';
import { theme } from '../theme';

/** Renders routes with everything the application puts around them. */
export function renderRoutes(routes: RouteObject[], path = '/') {
  queryClient.clear();
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  const view = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, router };
}

/** Renders one component at the root address. */
export function renderPage(element: React.ReactNode) {
  return renderRoutes([{ path: '*', element: <ModalsProvider>{element}</ModalsProvider> }]);
}
