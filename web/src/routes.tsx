// Which address shows what? Pages outside the daily path are loaded when first opened.
import { createBrowserRouter, type RouteObject } from 'react-router';
import { FolderPage } from './features/folders/FolderPage';
import { LibrariesPage } from './features/folders/LibrariesPage';
import { RequireSession } from './features/session/RequireSession';
import { SignInPage } from './features/session/SignInPage';
import { Loading } from './shared/Loading';
import { CrashPage } from './shell/CrashPage';
import { NotFoundPage } from './shell/NotFoundPage';
import { Shell } from './shell/Shell';

export const routes: RouteObject[] = [
  { path: '/login', Component: SignInPage, ErrorBoundary: CrashPage },
  {
    Component: RequireSession,
    HydrateFallback: Loading,
    ErrorBoundary: CrashPage,
    children: [
      {
        Component: Shell,
        children: [
          {
            // Keeps the shell when a page inside it fails.
            ErrorBoundary: CrashPage,
            children: [
              { index: true, Component: LibrariesPage },
              { path: 'folders/:id', Component: FolderPage },
              {
                path: 'folders/:id/records',
                lazy: async () => ({ Component: (await import('./features/records/RecordsPage')).RecordsPage }),
              },
              {
                path: 'folders/:id/fields',
                lazy: async () => ({ Component: (await import('./features/records/fields/FieldsPage')).FieldsPage }),
              },
              {
                path: 'documents/:id',
                lazy: async () => ({ Component: (await import('./features/documents/DocumentPage')).DocumentPage }),
              },
              {
                path: 'assigned',
                lazy: async () => ({ Component: (await import('./features/comments/AssignedPage')).AssignedPage }),
              },
              {
                path: 'search',
                lazy: async () => ({ Component: (await import('./features/search/SearchPage')).SearchPage }),
              },
              {
                path: 'admin/users',
                lazy: async () => ({ Component: (await import('./features/users/UsersPage')).UsersPage }),
              },
              {
                path: 'admin/groups',
                lazy: async () => ({ Component: (await import('./features/groups/GroupsPage')).GroupsPage }),
              },
              {
                path: 'admin/usage',
                lazy: async () => ({ Component: (await import('./features/usage/UsagePage')).UsagePage }),
              },
              {
                path: 'settings',
                lazy: async () => ({ Component: (await import('./features/settings/SettingsPage')).SettingsPage }),
              },
              {
                path: 'trash',
                lazy: async () => ({ Component: (await import('./features/trash/TrashPage')).TrashPage }),
              },
              {
                path: 'documents/:id/history',
                lazy: async () => ({ Component: (await import('./features/history/HistoryPage')).HistoryPage }),
              },
              { path: '*', Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
];

export const router = createBrowserRouter(routes);
