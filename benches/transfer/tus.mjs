// A tus server of npm's @tus/server as its documentation shows it: STORE=file in the folder DIR, or STORE=s3 in a bucket.
import { Server } from "@tus/server";

const { STORE, DIR, HOST, PORT, ENDPOINT, BUCKET, REGION, ACCESS_KEY, SECRET_KEY } = process.env;

async function store() {
  if (STORE === "file") {
    const { FileStore } = await import("@tus/file-store");
    return new FileStore({ directory: DIR });
  }
  const { S3Store } = await import("@tus/s3-store");
  return new S3Store({
    partSize: 8 * 1024 * 1024,
    // Garage knows no tags.
    useTags: false,
    s3ClientConfig: {
      bucket: BUCKET,
      region: REGION,
      endpoint: ENDPOINT,
      forcePathStyle: true,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    },
  });
}

const server = new Server({ path: "/files", datastore: await store(), relativeLocation: true });
server.listen({ host: HOST, port: Number(PORT) });
