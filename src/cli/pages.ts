/** One page of a List RPC. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
}

/** Most items that a command fetches; a hub with more needs a filter. */
export const listItemsMax = 100_000;

/** All items of a List RPC, page by page. Throws when there are more than {@link listItemsMax}. */
export async function allPages<Item>(fetchPage: (pageToken: string) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let pageToken = '';
  do {
    const page = await fetchPage(pageToken);
    items.push(...page.items);
    if (items.length > listItemsMax)
      throw new Error(`more than ${listItemsMax} items; narrow it with a filter`);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return items;
}
