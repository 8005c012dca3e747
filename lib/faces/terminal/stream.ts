/** A terminal's stream as it is, but for these members. */
export function withMembers(
  stream: NodeJS.WriteStream,
  members: Partial<NodeJS.WriteStream>,
): NodeJS.WriteStream {
  return new Proxy(stream, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
