export const zhCN = {
};
