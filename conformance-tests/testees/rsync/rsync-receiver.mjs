async function run(channel) {
  const { receive } = await import(process.env.XNET_RSYNC_RECEIVER);
  await receive(channel);
}
