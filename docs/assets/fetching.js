/* Data, fetched once for each address. */

async function fetchData(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer.json();
}

/** The data at an address; what could not be fetched is tried again when it is next asked for. */
export function fetchOnce(fetched, address) {
  if (!fetched.has(address)) {
    const data = fetchData(address);
    data.catch(() => fetched.delete(address));
    fetched.set(address, data);
  }
  return fetched.get(address);
}
